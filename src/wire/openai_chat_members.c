/*
 * The members of answers: those that are read, and those that are only known or not even that.
 */
#include "codec/json_write.h"
#include "wire/openai_chat_decode.h"

/* Behind those of the enums stand names that are known but not told on: their values are random, or
 * ours to give. */
static const str body_names[] = {
    [BODY_ID] = STR_INIT("id"),
    [BODY_MODEL] = STR_INIT("model"),
    [BODY_CREATED] = STR_INIT("created"),
    [BODY_CHOICES] = STR_INIT("choices"),
    [BODY_USAGE] = STR_INIT("usage"),
    [BODY_ERROR] = STR_INIT("error"),
    [BODY_TYPE] = STR_INIT("type"),
    [BODY_X_GROQ] = STR_INIT("x_groq"),
    [BODY_CITATIONS] = STR_INIT("citations"),
    [BODY_RESULTS] = STR_INIT("search_results"),
    STR_INIT("object"),
    STR_INIT("provider"),
    STR_INIT("user_id"),
    STR_INIT("cost"),
    STR_INIT("obfuscation"),
    STR_INIT("p"),
    STR_INIT("nonce"),
    STR_INIT("openrouter_metadata"),
    STR_INIT("request_id"),
};
static const str choice_names[] = {
    [CHOICE_INDEX] = STR_INIT("index"),
    [CHOICE_DELTA] = STR_INIT("delta"),
    [CHOICE_MESSAGE] = STR_INIT("message"),
    [CHOICE_FINISH] = STR_INIT("finish_reason"),
    [CHOICE_NATIVE] = STR_INIT("native_finish_reason"),
    [CHOICE_LOGPROBS] = STR_INIT("logprobs"),
    [CHOICE_ERROR] = STR_INIT("error"),
    [CHOICE_TEXT] = STR_INIT("text"),
};
static const str message_names[] = {
    [MESSAGE_CONTENT] = STR_INIT("content"),
    [MESSAGE_REFUSAL] = STR_INIT("refusal"),
    [MESSAGE_DETAILS] = STR_INIT("reasoning_details"),
    [MESSAGE_REASONING] = STR_INIT("reasoning"),
    [MESSAGE_REASONING_CONTENT] = STR_INIT("reasoning_content"),
    [MESSAGE_REASONING_TEXT] = STR_INIT("reasoning_text"),
    [MESSAGE_THINKING] = STR_INIT("thinking"),
    [MESSAGE_TOOL_CALLS] = STR_INIT("tool_calls"),
    [MESSAGE_FUNCTION_CALL] = STR_INIT("function_call"),
    [MESSAGE_ANNOTATIONS] = STR_INIT("annotations"),
    [MESSAGE_IMAGES] = STR_INIT("images"),
    [MESSAGE_AUDIO] = STR_INIT("audio"),
    STR_INIT("role"),
    STR_INIT("padding"),
    STR_INIT("name"),
    STR_INIT("tool_call_id"),
};
_Static_assert(COUNT_OF(body_names) <= OPENAI_MEMBERS_MAX, "struct members has room for all");
_Static_assert(COUNT_OF(message_names) <= OPENAI_MEMBERS_MAX, "struct members has room for all");

static const struct {
    const str *names;
    size_t count;
} known_members[] = {
    [EXTRA_BODY] = {body_names, COUNT_OF(body_names)},
    [EXTRA_CHOICE] = {choice_names, COUNT_OF(choice_names)},
    [EXTRA_MESSAGE] = {message_names, COUNT_OF(message_names)},
};

/* The count of the names when it is not known. */
static size_t member_index(enum extra_place place, str name)
{
    const str *names = known_members[place].names;
    size_t count = known_members[place].count;
    size_t i = 0;

    if (name.len == 0) {
        return count;
    }
    while (i < count && (names[i].at[0] != name.at[0] || !str_eq(name, names[i]))) {
        i++;
    }
    return i;
}

/* One walk instead of a look-up for each member: this runs for every token. */
struct openai_members openai_read_members(enum extra_place place, json *object)
{
    struct openai_members members = {0};
    struct json_walk walk = json_walk(object);

    while (walk.is_object && json_next(&walk)) {
        size_t i = member_index(place, walk.name);
        if (i == known_members[place].count) {
            members.has_unknown = true;
        } else if (members.at[i] == NULL) {
            members.at[i] = walk.value;
        }
    }
    return members;
}

/* ---- Members that we do not know ---- */

uint64_t openai_hash(str text, uint64_t start)
{
    uint64_t hash = 0xcbf29ce484222325ULL + start;

    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ (unsigned char)text.at[i]) * 0x100000001b3ULL;
    }
    return hash;
}

/* True when the value differs from what was told last under that name. */
static bool is_news(struct openai_turn *turn, enum extra_place place, int choice, str name,
                    json *value)
{
    struct openai_answer *answer = turn->answer;
    uint64_t key = openai_hash(name, (uint64_t)place * CHAT_CHOICES_MAX + (uint64_t)choice);
    uint64_t hash = openai_hash(
        json_is(value, JSON_STR) ? json_as_str(value) : json_to_text(turn->scratch, value), 0);

    for (size_t i = 0; i < answer->extra_count; i++) {
        if (answer->extras[i].name == key) {
            bool differs = answer->extras[i].value != hash;
            answer->extras[i].value = hash;
            return differs;
        }
    }
    if (answer->extra_count < OPENAI_EXTRAS_MAX) {
        answer->extras[answer->extra_count].name = key;
        answer->extras[answer->extra_count++].value = hash;
    }
    return true;
}

bool openai_is_empty(json *value)
{
    bool is_container = json_is(value, JSON_OBJECT) || json_is(value, JSON_ARRAY);
    bool is_text = json_is(value, JSON_STR);

    return json_is_none(value) || (is_container && json_count(value) == 0) ||
           (is_text && json_as_str(value).len == 0);
}

static void tell_extra(struct openai_turn *turn, enum extra_place place, int choice, str name,
                       json *value)
{
    if (openai_is_empty(value) || !is_news(turn, place, choice, name, value)) {
        return;
    }
    struct event *event = openai_emit(turn, EVENT_EXTRA, choice);
    event->extra.place = place;
    event->extra.name = name;
    event->extra.value = value;
}

void openai_take_extras(struct openai_turn *turn, enum extra_place place, int choice, json *object)
{
    struct json_walk walk = json_walk(object);

    while (json_next(&walk)) {
        if (member_index(place, walk.name) == known_members[place].count) {
            tell_extra(turn, place, choice, walk.name, walk.value);
        }
    }
}

/* ---- Citations ---- */

/* True the first time. */
static bool is_new_citation(struct openai_turn *turn, str url)
{
    struct openai_answer *answer = turn->answer;
    uint64_t hash = openai_hash(url, 0);

    if (answer->citations == NULL) {
        answer->citations = ARENA_ARRAY(turn->decoder->arena, uint64_t, OPENAI_CITATIONS_MAX);
    }
    for (size_t i = 0; i < answer->citation_count; i++) {
        if (answer->citations[i] == hash) {
            return false;
        }
    }
    if (answer->citation_count == OPENAI_CITATIONS_MAX) {
        return false;
    }
    answer->citations[answer->citation_count++] = hash;
    return true;
}

bool openai_was_cited(const struct openai_answer *answer, json *annotation)
{
    uint64_t hash = openai_hash(json_str(json_get(annotation, "url_citation"), "url"), 0);

    for (size_t i = 0; i < answer->citation_count; i++) {
        if (answer->citations[i] == hash) {
            return true;
        }
    }
    return false;
}

static void cite(struct openai_turn *turn, str url, str title)
{
    struct buf text;
    struct json_writer writer = json_write_to(&text);

    if (url.len == 0 || !is_new_citation(turn, url)) {
        return;
    }
    buf_init(&text, SIZE_MAX / 2); /* bounded by the event it is made from */
    json_open_object(&writer, NULL);
    json_put_str(&writer, "type", STR("url_citation"));
    json_open_object(&writer, "url_citation");
    json_put_str(&writer, "url", url);
    json_put_str(&writer, "title", title.len > 0 ? title : url);
    json_put_int(&writer, "start_index", 0); /* marks such as [1] in the text say where */
    json_put_int(&writer, "end_index", 0);
    json_close_object(&writer);
    json_close_object(&writer);
    assert(json_write_end(&writer) == ERR_OK);
    openai_emit(turn, EVENT_ANNOTATION, 0)->raw = json_read_lenient(turn->scratch, buf_str(&text));
    buf_free(&text);
}

/* What a list tells that was not told before; those with a title first. */
static void cite_all(struct openai_turn *turn, json *results, json *citations)
{
    struct json_walk walk = json_walk(json_is(results, JSON_ARRAY) ? results : NULL);

    while (json_next(&walk)) {
        cite(turn, json_str(walk.value, "url"), json_str(walk.value, "title"));
    }
    walk = json_walk(json_is(citations, JSON_ARRAY) ? citations : NULL);
    while (json_next(&walk)) {
        cite(turn, json_as_str(walk.value), STR_NONE);
    }
}

void openai_take_citations(struct openai_turn *turn, const struct openai_members *body)
{
    struct openai_answer *answer = turn->answer;
    json *citations = body->at[BODY_CITATIONS];
    json *results = body->at[BODY_RESULTS];

    if (citations == NULL && results == NULL) {
        return;
    }
    if (!answer->has_annotations && !answer->first.is_finished) {
        cite_all(turn, results, citations);
    }
    tell_extra(turn, EXTRA_BODY, 0, STR("citations"), citations);
    tell_extra(turn, EXTRA_BODY, 0, STR("search_results"), results);
}
