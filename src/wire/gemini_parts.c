/*
 * What answers of the Gemini API hold beside text and calls, in the forms of the OpenAI family:
 * images, audio, token probabilities and citations.
 */
#include "wire/gemini_decode.h"

/* Reads what was written and adds it as an event's value. */
static enum err give(struct gemini_work *work, enum event_kind kind, int index,
                     const struct json_writer *writer)
{
    json *value = json_read_lenient(work->scratch, buf_str(writer->out));
    enum err err = json_write_end(writer);

    buf_free(writer->out);
    if (err != ERR_OK || value == NULL) {
        return gemini_broken(work, ERR_TOO_BIG,
                             STR("the provider sent more at once than is allowed"));
    }
    gemini_add(work, kind, index)->raw = value;
    return ERR_OK;
}

/* Twice the bound of an event: what is made of one is seldom as long as it. */
static struct json_writer begin(const struct gemini_work *work, struct buf *text)
{
    size_t bytes_max = work->decoder->bytes_max;

    buf_init(text, bytes_max < SIZE_MAX / 2 ? 2 * bytes_max + 4096 : bytes_max);
    return json_write_to(text);
}

/* ---- Media ---- */

static enum err give_image(struct gemini_work *work, int index, str mime, str data)
{
    str parts[] = {STR("data:"), mime, STR(";base64,"), data};
    struct buf text;
    struct json_writer writer = begin(work, &text);

    json_open_object(&writer, NULL);
    json_put_str(&writer, "type", STR("image_url"));
    json_open_object(&writer, "image_url");
    json_put_str(&writer, "url", arena_join(work->scratch, parts, COUNT_OF(parts)));
    json_close_object(&writer);
    json_close_object(&writer);
    return give(work, EVENT_IMAGE, index, &writer);
}

static enum err give_audio(struct gemini_work *work, int index, str data)
{
    str id = arena_printf(work->scratch, "audio_" STR_FMT, STR_ARG(work->decoder->id_seed));
    struct buf text;
    struct json_writer writer = begin(work, &text);

    json_open_object(&writer, NULL);
    json_put_str(&writer, "id", id);
    json_put_str(&writer, "data", data);
    json_close_object(&writer);
    return give(work, EVENT_AUDIO, index, &writer);
}

enum err gemini_take_media(struct gemini_work *work, int index, json *media)
{
    str mime = json_str(media, "mimeType");
    str data = json_str(media, "data");

    if (str_has_prefix(mime, STR("image/"))) {
        return give_image(work, index, mime, data);
    }
    if (str_has_prefix(mime, STR("audio/"))) {
        return give_audio(work, index, data);
    }
    return ERR_OK; /* the chat API has no place for others */
}

/* ---- Probabilities ---- */

static void put_token(struct json_writer *writer, json *token)
{
    json_put_str(writer, "token", json_str(token, "token"));
    json_put_real(writer, "logprob", json_as_real(json_get(token, "logProbability")));
    json_put_null(writer, "bytes");
}

enum err gemini_take_logprobs(struct gemini_work *work, int index, json *result)
{
    struct json_walk chosen = json_walk(json_get(result, "chosenCandidates"));
    struct json_walk top = json_walk(json_get(result, "topCandidates"));
    struct buf text;
    struct json_writer writer = begin(work, &text);

    if (chosen.left == 0) {
        return ERR_OK;
    }
    json_open_object(&writer, NULL);
    json_open_array(&writer, "content");
    while (json_next(&chosen)) {
        bool has_top = json_next(&top);
        struct json_walk others = json_walk(has_top ? json_get(top.value, "candidates") : NULL);
        json_open_object(&writer, NULL);
        put_token(&writer, chosen.value);
        json_open_array(&writer, "top_logprobs");
        while (json_next(&others)) {
            json_open_object(&writer, NULL);
            put_token(&writer, others.value);
            json_close_object(&writer);
        }
        json_close_array(&writer);
        json_close_object(&writer);
    }
    json_close_array(&writer);
    json_close_object(&writer);
    return give(work, EVENT_LOGPROBS, index, &writer);
}

/* ---- Citations ---- */

struct citation {
    str url;
    str title;
    str content; /* the text it stands behind, when the provider repeats it */
    size_t from; /* bytes in the choice's text */
    size_t to;
};

/* FNV-1a. */
static const uint64_t hash_prime = 0x100000001b3ULL;

static uint64_t hash_of(str bytes)
{
    uint64_t hash = 0xcbf29ce484222325ULL;

    for (size_t i = 0; i < bytes.len; i++) {
        hash = (hash ^ (unsigned char)bytes.at[i]) * hash_prime;
    }
    return hash;
}

/* True the first time; false also when there are too many. */
static bool is_new(struct gemini_work *work, int index, const struct citation *citation)
{
    struct gemini_answer *answer = work->answer;
    uint64_t place[] = {(uint64_t)index, citation->from, citation->to};
    uint64_t hash = hash_of(citation->url);

    for (size_t i = 0; i < COUNT_OF(place); i++) {
        hash = (hash ^ place[i]) * hash_prime;
    }
    for (size_t i = 0; i < answer->annotation_count; i++) {
        if (answer->annotations[i] == hash) {
            return false;
        }
    }
    if (answer->annotations == NULL) {
        answer->annotations = ARENA_ARRAY(work->decoder->arena, uint64_t, GEMINI_ANNOTATIONS_MAX);
    }
    if (answer->annotation_count == GEMINI_ANNOTATIONS_MAX) {
        return false;
    }
    answer->annotations[answer->annotation_count++] = hash;
    return true;
}

static int64_t characters_in(str text)
{
    int64_t count = 0;

    for (size_t i = 0; i < text.len; i++) {
        count += ((unsigned char)text.at[i] & 0xc0) != 0x80 ? 1 : 0;
    }
    return count;
}

/* A number of bytes that was given, within the text. */
static size_t offset_in(str text, json *value)
{
    int64_t offset = json_as_int(value);

    if (offset < 0) {
        return 0;
    }
    return (uint64_t)offset < text.len ? (size_t)offset : text.len;
}

/* Offsets count bytes from the beginning of one part, and a stream does not tell which: the
 * repeated text, looked for from there on, is the better witness. */
static void place_citation(struct gemini_work *work, struct citation *citation, str text,
                           json *segment)
{
    citation->content = json_str(segment, "text");
    citation->from = offset_in(text, json_get(segment, "startIndex"));
    citation->to = offset_in(text, json_get(segment, "endIndex"));
    str rest = str_skip(text, citation->from);
    if (citation->content.len > 0 && !str_has_prefix(rest, citation->content) &&
        work->answer->search_count++ < GEMINI_SEARCHES_MAX) {
        size_t at = str_find(rest, citation->content);
        if (at < rest.len) {
            citation->from += at;
            citation->to = citation->from + citation->content.len;
        }
    }
    citation->to = citation->to > citation->from ? citation->to : citation->from;
}

static enum err give_citation(struct gemini_work *work, int index, str said,
                              const struct citation *citation)
{
    int64_t start = 0;
    struct buf text;

    if (citation->url.len == 0 || !is_new(work, index, citation)) {
        return ERR_OK;
    }
    struct json_writer writer = begin(work, &text);
    start = characters_in(str_take(said, citation->from));
    json_open_object(&writer, NULL);
    json_put_str(&writer, "type", STR("url_citation"));
    json_open_object(&writer, "url_citation");
    json_put_str(&writer, "url", citation->url);
    json_put_str(&writer, "title", citation->title);
    if (citation->content.len > 0) {
        json_put_str(&writer, "content", citation->content);
    }
    json_put_int(&writer, "start_index", start);
    json_put_int(&writer, "end_index",
                 start + characters_in(str_take(str_skip(said, citation->from),
                                                citation->to - citation->from)));
    json_close_object(&writer);
    json_close_object(&writer);
    return give(work, EVENT_ANNOTATION, index, &writer);
}

/* Where a chunk was found: the web, a map, or a store of documents. */
static struct citation citation_of(json *chunk)
{
    static const char *const places[] = {"web", "retrievedContext", "maps"};
    struct citation citation = {0};

    for (size_t i = 0; i < COUNT_OF(places) && citation.url.len == 0; i++) {
        json *place = json_get(chunk, places[i]);
        citation.url = json_str(place, "uri");
        citation.title = json_str(place, "title");
    }
    return citation;
}

static json **elements_of(struct arena *arena, json *array)
{
    json **elements = ARENA_ARRAY(arena, json *, json_count(array) + 1);
    struct json_walk walk = json_walk(array);

    for (size_t i = 0; json_next(&walk); i++) {
        elements[i] = walk.value;
    }
    return elements;
}

/* Which chunks support which segment of the text. */
static enum err take_grounding(struct gemini_work *work, int index, str said, json *grounding)
{
    json *list = json_get(grounding, "groundingChunks");
    size_t count = json_count(list);
    json **chunks = elements_of(work->scratch, list);
    struct json_walk supports = json_walk(json_get(grounding, "groundingSupports"));

    while (json_next(&supports)) {
        struct json_walk indices = json_walk(json_get(supports.value, "groundingChunkIndices"));
        while (json_next(&indices)) {
            int64_t at = json_as_int(indices.value);
            if (at < 0 || (uint64_t)at >= count ||
                work->answer->annotation_count == GEMINI_ANNOTATIONS_MAX) {
                continue;
            }
            struct citation citation = citation_of(chunks[at]);
            place_citation(work, &citation, said, json_get(supports.value, "segment"));
            enum err err = give_citation(work, index, said, &citation);
            if (err != ERR_OK) {
                return err;
            }
        }
    }
    return ERR_OK;
}

/* Published text that the answer repeats. */
static enum err take_recitation(struct gemini_work *work, int index, str said, json *metadata)
{
    json *list = json_get(metadata, "citations");
    struct json_walk walk = json_walk(list != NULL ? list : json_get(metadata, "citationSources"));

    while (json_next(&walk)) {
        struct citation citation = {
            .url = json_str(walk.value, "uri"),
            .title = json_str(walk.value, "title"),
        };
        place_citation(work, &citation, said, walk.value);
        citation.content = STR_NONE;
        enum err err = give_citation(work, index, said, &citation);
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

enum err gemini_take_citations(struct gemini_work *work, int index, json *candidate)
{
    struct gemini_answer *answer = work->answer;
    json *grounding = json_get(candidate, "groundingMetadata");
    json *recitation = json_get(candidate, "citationMetadata");
    struct gemini_choice *choice = index == 0 ? &answer->first : &answer->others[index - 1];
    int64_t searches = (int64_t)json_count(json_get(grounding, "webSearchQueries"));
    enum err err = ERR_OK;

    if (searches > answer->counts.web_searches) {
        answer->counts.web_searches = searches;
    }
    if (grounding != NULL) {
        err = take_grounding(work, index, buf_str(&choice->text), grounding);
    }
    if (err == ERR_OK && recitation != NULL) {
        err = take_recitation(work, index, buf_str(&choice->text), recitation);
    }
    return err;
}
