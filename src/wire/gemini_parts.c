/*
 * What answers of the Gemini API hold beside text and calls, in the forms of the OpenAI family:
 * images, audio, token probabilities and citations.
 */
#include "wire/gemini_decode.h"

/* Adds the value as an event; NULL when it passed its bound. */
static enum err give(struct gemini_work *work, enum event_kind kind, int index, json *value)
{
    if (value == NULL) {
        return decoding_too_big(work->fault);
    }
    gemini_add(work, kind, index)->raw = value;
    return ERR_OK;
}

/* Twice the bound of an event: what is made of one is seldom as long as it. */
static size_t form_bytes_max(const struct gemini_work *work)
{
    size_t bytes_max = work->decoder->bytes_max;

    return bytes_max < SIZE_MAX / 2 ? 2 * bytes_max + 4096 : bytes_max;
}

static struct json_writer begin(const struct gemini_work *work, struct buf *text)
{
    buf_init(text, form_bytes_max(work));
    return json_write_to(text);
}

/* ---- Media ---- */

static enum err give_image(struct gemini_work *work, int index, str mime, str data)
{
    str parts[] = {STR("data:"), mime, STR(";base64,"), data};
    str url = arena_join(work->scratch, parts, COUNT_OF(parts));

    return give(work, EVENT_IMAGE, index, decoding_image(url, form_bytes_max(work), work->scratch));
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
    return give(work, EVENT_AUDIO, index, decoding_written(&writer, work->scratch));
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
    return give(work, EVENT_LOGPROBS, index, decoding_written(&writer, work->scratch));
}

/* ---- Citations ---- */

struct source {
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
static bool is_new(struct gemini_work *work, int index, const struct source *source)
{
    struct gemini_answer *answer = work->answer;
    uint64_t place[] = {(uint64_t)index, source->from, source->to};
    uint64_t hash = hash_of(source->url);

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
static void place_source(struct gemini_work *work, struct source *source, str text, json *segment)
{
    source->content = json_str(segment, "text");
    source->from = offset_in(text, json_get(segment, "startIndex"));
    source->to = offset_in(text, json_get(segment, "endIndex"));
    str rest = str_skip(text, source->from);
    if (source->content.len > 0 && !str_has_prefix(rest, source->content) &&
        work->answer->search_count++ < GEMINI_SEARCHES_MAX) {
        size_t at = str_find(rest, source->content);
        if (at < rest.len) {
            source->from += at;
            source->to = source->from + source->content.len;
        }
    }
    source->to = source->to > source->from ? source->to : source->from;
}

static enum err give_citation(struct gemini_work *work, int index, str said,
                              const struct source *source)
{
    str before = str_take(said, source->from);
    str behind = str_take(str_skip(said, source->from), source->to - source->from);
    struct citation citation = {
        .url = source->url,
        .title = source->title,
        .content = source->content,
        .has_content = source->content.len > 0,
    };

    if (source->url.len == 0 || !is_new(work, index, source)) {
        return ERR_OK;
    }
    citation.from = decoding_characters(before);
    citation.to = citation.from + decoding_characters(behind);
    return give(work, EVENT_ANNOTATION, index,
                decoding_citation(&citation, form_bytes_max(work), work->scratch));
}

/* Where a chunk was found: the web, a map, or a store of documents. */
static struct source source_of(json *chunk)
{
    static const char *const places[] = {"web", "retrievedContext", "maps"};
    struct source source = {0};

    for (size_t i = 0; i < COUNT_OF(places) && source.url.len == 0; i++) {
        json *place = json_get(chunk, places[i]);
        source.url = json_str(place, "uri");
        source.title = json_str(place, "title");
    }
    return source;
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
            struct source source = source_of(chunks[at]);
            place_source(work, &source, said, json_get(supports.value, "segment"));
            enum err err = give_citation(work, index, said, &source);
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
        struct source source = {
            .url = json_str(walk.value, "uri"),
            .title = json_str(walk.value, "title"),
        };
        place_source(work, &source, said, walk.value);
        source.content = STR_NONE;
        enum err err = give_citation(work, index, said, &source);
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
