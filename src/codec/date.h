/* date: points in time as protocols write them, in Unix seconds.  Pure: nothing asks for the time.
 */
#pragma once

#include "base/str.h"

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7); -1 when it is not of that form. */
int64_t date_of_http(str text);

/* "1994-11-06T08:49:37Z" (RFC 3339), a fraction of a second is left out; -1 when it is not of that
 * form or of another zone. */
int64_t date_of_iso(str text);

enum { DATE_BASIC_BYTES = 16 };

/* "19941106T084937Z", the basic format of ISO 8601.  `at_s` lies in the years 1 to 9999. */
str date_basic(int64_t at_s, char text[DATE_BASIC_BYTES + 1]);
