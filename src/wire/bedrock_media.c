/*
 * Images, documents, audio and video in a Converse request.
 *
 * The API takes bytes only, and wants their format in a word of its own.  Documents have a name in
 * a narrow alphabet, which is told to the model and must not come twice.
 */
#include "base/text.h"
#include "wire/bedrock.h"
#include "wire/media.h"

enum { DOCUMENT_NAME_BYTES_MAX = 100 };

/* A kind of media as clients may tell of it, and what the API calls it. */
struct format {
    const char *block;
    const char *format;
    const char *mime;
    const char *ending; /* of the file's name */
};

static const struct format formats[] = {
    {"image", "png", "image/png", "png"},
    {"image", "jpeg", "image/jpeg", "jpg"},
    {"image", "jpeg", "image/jpg", "jpeg"},
    {"image", "gif", "image/gif", "gif"},
    {"image", "webp", "image/webp", "webp"},
    {"document", "pdf", "application/pdf", "pdf"},
    {"document", "csv", "text/csv", "csv"},
    {"document", "doc", "application/msword", "doc"},
    {"document", "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
     "docx"},
    {"document", "xls", "application/vnd.ms-excel", "xls"},
    {"document", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
     "xlsx"},
    {"document", "html", "text/html", "html"},
    {"document", "md", "text/markdown", "md"},
    {"document", "txt", "text/plain", "txt"},
    {"document", "txt", "application/json", "json"},
    {"video", "mp4", "video/mp4", "mp4"},
    {"video", "mov", "video/quicktime", "mov"},
    {"video", "mkv", "video/x-matroska", "mkv"},
    {"video", "webm", "video/webm", "webm"},
    {"video", "flv", "video/x-flv", "flv"},
    {"video", "mpeg", "video/mpeg", "mpeg"},
    {"video", "wmv", "video/x-ms-wmv", "wmv"},
    {"video", "three_gp", "video/3gpp", "3gp"},
    {"audio", "mp3", "mp3", "mp3"},
    {"audio", "wav", "wav", "wav"},
    {"audio", "flac", "flac", "flac"},
    {"audio", "ogg", "ogg", "ogg"},
    {"audio", "aac", "aac", "aac"},
    {"audio", "opus", "opus", "opus"},
    {"audio", "m4a", "m4a", "m4a"},
};

/* ---- What a part is ---- */

static const struct format *format_by_mime(str mime)
{
    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        if (str_eq_nocase(mime, str_c(formats[i].mime))) {
            return &formats[i];
        }
    }
    return NULL;
}

/* The name without its ending, which moves to *ending. */
static str cut_ending(str name, str *ending)
{
    for (size_t i = name.len; i-- > 1;) {
        if (name.at[i] == '.') {
            *ending = str_skip(name, i + 1);
            return str_take(name, i);
        }
    }
    *ending = STR_NONE;
    return name;
}

static const struct format *format_by_ending(str name)
{
    str ending = STR_NONE;

    (void)cut_ending(name, &ending);
    for (size_t i = 0; ending.len > 0 && i < COUNT_OF(formats); i++) {
        if (str_eq_nocase(ending, str_c(formats[i].ending))) {
            return &formats[i];
        }
    }
    return NULL;
}

/* By what the data shows, what the client says, and the file's name, in this order. */
static const struct format *format_of(const struct chat_part *part, str data)
{
    str mime = media_type_said(part);
    const struct format *format = format_by_mime(media_type_shown(data));

    format = format != NULL ? format : format_by_mime(mime);
    format = format != NULL ? format : format_by_ending(part->name);
    if (format == NULL && str_has_prefix(mime, STR("text/"))) {
        format = format_by_mime(STR("text/plain"));
    }
    return format;
}

bool bedrock_needs_bytes(const struct chat_part *part, const struct model *model)
{
    bool is_media = part->kind == PART_IMAGE || part->kind == PART_FILE || part->kind == PART_VIDEO;

    (void)model; /* none of them fetches */
    return is_media && part->url.len > 0;
}

/* ---- Writing ---- */

static bool is_name_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '(' || c == ')' || c == '[' || c == ']';
}

/* The file's name without its ending: letters, digits, ()[] and -, and single blanks for all else.
 */
static str clean_name(struct arena *arena, str name)
{
    str ending = STR_NONE;
    str stem = str_take(cut_ending(name, &ending), DOCUMENT_NAME_BYTES_MAX);
    char *clean = ARENA_ARRAY(arena, char, stem.len + 1);
    size_t len = 0;

    for (size_t i = 0; i < stem.len; i++) {
        if (is_name_char(stem.at[i])) {
            clean[len++] = stem.at[i];
        } else if (len > 0 && clean[len - 1] != ' ') {
            clean[len++] = ' ';
        }
    }
    return str_trim(str_of(clean, len));
}

/* "report", "report (2)", and "document-1" where there is no name. */
static str document_name(struct bedrock_request *request, const struct chat_part *part)
{
    str clean = clean_name(request->arena, part->name);
    str name = clean;

    request->document_count++;
    if (clean.len == 0) {
        clean = STR("document");
        name = arena_printf(request->arena, "document-%zu", request->document_count);
    }
    for (unsigned uses = 2;
         !map_add(&request->document_names, request->arena, name, request->document_names.slots);
         uses++) {
        name = arena_printf(request->arena, STR_FMT " (%u)", STR_ARG(clean), uses);
    }
    return name;
}

static void put_bytes(struct bedrock_request *request, const struct format *format,
                      const struct chat_part *part, str data)
{
    json_open_object(request->writer, NULL);
    json_open_object(request->writer, format->block);
    json_put_str(request->writer, "format", str_c(format->format));
    if (strcmp(format->block, "document") == 0) {
        json_put_str(request->writer, "name", document_name(request, part));
    }
    json_open_object(request->writer, "source");
    json_put_str(request->writer, "bytes", data);
    json_close_object(request->writer);
    json_close_object(request->writer);
    json_close_object(request->writer);
}

enum err bedrock_put_media(struct bedrock_request *request, const struct turn_block *block)
{
    const struct chat_part *part = block->part;
    str data = media_unbroken(part->data, request->arena);
    const struct format *format = format_of(part, data);
    bool is_seen = part->kind == PART_IMAGE || part->kind == PART_VIDEO;

    if (data.len == 0) {
        return bedrock_refuse_part(request, block,
                                   part->url.len > 0
                                       ? "is a URL, which this model's provider does not fetch"
                                       : "names an uploaded file, which this provider has not");
    }
    if (format == NULL) {
        return bedrock_refuse_part(request, block,
                                   "is of a media type this model's provider does not take");
    }
    if ((is_seen || strcmp(format->block, "image") == 0) && !bedrock_takes(request, TAKES_IMAGES)) {
        return bedrock_refuse_part(request, block, "is an image, which this model does not take");
    }
    if (!text_is_base64(data)) {
        return bedrock_refuse_part(request, block, "does not hold base64 data");
    }
    put_bytes(request, format, part, data);
    return ERR_OK;
}
