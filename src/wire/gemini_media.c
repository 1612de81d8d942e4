/*
 * Images, audio, video and files in requests to the Gemini API: bytes in the request, or the URL of
 * what Google itself can read.
 */
#include "base/text.h"
#include "wire/gemini.h"
#include "wire/media.h"

#define FILES_API "https://generativelanguage.googleapis.com/"

struct kind {
    str word;
    str mime;
};

static str find_kind(const struct kind *kinds, size_t count, str word)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq_nocase(word, kinds[i].word)) {
            return kinds[i].mime;
        }
    }
    return STR_NONE;
}

/* What a URL's path ends with tells; empty when it tells nothing. */
static str mime_of_url(str url)
{
    static const struct kind kinds[] = {
        {STR_INIT("png"), STR_INIT("image/png")},       {STR_INIT("jpg"), STR_INIT("image/jpeg")},
        {STR_INIT("jpeg"), STR_INIT("image/jpeg")},     {STR_INIT("webp"), STR_INIT("image/webp")},
        {STR_INIT("heic"), STR_INIT("image/heic")},     {STR_INIT("heif"), STR_INIT("image/heif")},
        {STR_INIT("pdf"), STR_INIT("application/pdf")}, {STR_INIT("txt"), STR_INIT("text/plain")},
        {STR_INIT("html"), STR_INIT("text/html")},      {STR_INIT("csv"), STR_INIT("text/csv")},
        {STR_INIT("md"), STR_INIT("text/markdown")},    {STR_INIT("mp4"), STR_INIT("video/mp4")},
        {STR_INIT("mpeg"), STR_INIT("video/mpeg")},     {STR_INIT("mov"), STR_INIT("video/mov")},
        {STR_INIT("webm"), STR_INIT("video/webm")},     {STR_INIT("mp3"), STR_INIT("audio/mp3")},
        {STR_INIT("wav"), STR_INIT("audio/wav")},
    };
    str path = str_take(url, str_find_char(url, '?'));
    str last = str_take(path, str_find_char(path, '#'));

    while (str_find_char(last, '/') < last.len) {
        (void)str_split(&last, '/');
    }
    if (str_find_char(last, '.') == last.len) {
        return STR_NONE;
    }
    while (str_find_char(last, '.') < last.len) {
        (void)str_split(&last, '.');
    }
    return find_kind(kinds, COUNT_OF(kinds), last);
}

/* OpenAI's bare formats, and names that are often used for others. */
static str known_mime(str mime)
{
    static const struct kind kinds[] = {
        {STR_INIT("image/jpg"), STR_INIT("image/jpeg")}, {STR_INIT("wav"), STR_INIT("audio/wav")},
        {STR_INIT("mp3"), STR_INIT("audio/mp3")},        {STR_INIT("aiff"), STR_INIT("audio/aiff")},
        {STR_INIT("aac"), STR_INIT("audio/aac")},        {STR_INIT("ogg"), STR_INIT("audio/ogg")},
        {STR_INIT("flac"), STR_INIT("audio/flac")},      {STR_INIT("m4a"), STR_INIT("audio/mp4")},
        {STR_INIT("pcm16"), STR_INIT("audio/pcm")},      {STR_INIT("pcm24"), STR_INIT("audio/pcm")},
    };
    str found = find_kind(kinds, COUNT_OF(kinds), mime);

    return found.len > 0 ? found : mime;
}

/* The type that the data shows, else the one the client says: clients often say the wrong one. */
static str media_type(const struct chat_part *part)
{
    str seen = part->kind == PART_IMAGE || part->kind == PART_FILE ? media_type_shown(part->data)
                                                                   : STR_NONE;

    if (seen.len == 0 &&
        (part->mime.len == 0 || str_eq(part->mime, STR("application/octet-stream")))) {
        seen = mime_of_url(part->name);
    }
    return seen.len > 0 ? seen : known_mime(part->mime);
}

static bool is_youtube(str url)
{
    static const str hosts[] = {STR_INIT("https://www.youtube.com/"),
                                STR_INIT("https://youtube.com/"), STR_INIT("https://youtu.be/")};

    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        if (str_has_prefix(url, hosts[i])) {
            return true;
        }
    }
    return false;
}

/* The type of what Google reads at the URL: uploaded files know theirs. */
static str type_at(str url)
{
    return is_youtube(url) ? STR("video/mp4") : mime_of_url(url);
}

/* The Gemini API reads uploaded files and YouTube; Vertex AI also its storage and the web, when it
 * is told the type. */
static bool is_readable(str url, bool is_vertex)
{
    bool is_cloud = str_has_prefix(url, STR("gs://")) || str_has_prefix(url, STR("https://"));

    if (is_vertex) {
        return is_cloud && type_at(url).len > 0;
    }
    return str_has_prefix(url, STR(FILES_API)) || is_youtube(url);
}

bool gemini_needs_bytes(const struct chat_part *part, const struct model *model)
{
    return part->url.len > 0 && !is_readable(part->url, model_platform(model) == PLATFORM_VERTEX);
}

static void put_file_data(struct gemini_request *request, str url, str mime)
{
    json_open_object(request->writer, "fileData");
    if (mime.len > 0) {
        json_put_str(request->writer, "mimeType", mime);
    }
    json_put_str(request->writer, "fileUri", url);
    json_close_object(request->writer);
}

/* A file that was uploaded to Google: "files/abc", its whole URL, or "gs://bucket/name". */
static enum err put_uploaded(struct gemini_request *request, const struct gemini_part *part)
{
    str id = part->part->id;
    bool is_short = str_has_prefix(id, STR("files/"));
    str parts[] = {is_short ? STR(FILES_API "v1beta/") : STR_NONE, id};
    str url = arena_join(request->arena, parts, COUNT_OF(parts));
    bool is_known = str_has_prefix(url, STR(FILES_API)) || str_has_prefix(url, STR("gs://"));

    if (!is_known) {
        return gemini_refuse_part(request, part,
                                  "names an uploaded file, which this provider has not");
    }
    put_file_data(request, url, mime_of_url(url));
    return ERR_OK;
}

static bool is_image_taken(str mime)
{
    return str_eq(mime, STR("image/png")) || str_eq(mime, STR("image/jpeg")) ||
           str_eq(mime, STR("image/webp")) || str_eq(mime, STR("image/heic")) ||
           str_eq(mime, STR("image/heif"));
}

static enum err put_inline(struct gemini_request *request, const struct gemini_part *part)
{
    str data = media_unbroken(part->part->data, request->arena);
    str mime = media_type(part->part);
    bool is_image = part->part->kind == PART_IMAGE || str_has_prefix(mime, STR("image/"));

    if (is_image && !is_image_taken(mime)) {
        return gemini_refuse_part(request, part, "must be a PNG, JPEG, WebP, HEIC or HEIF image");
    }
    if (mime.len == 0) {
        return gemini_refuse_part(request, part, "does not say of what type its data is");
    }
    if (data.len == 0 || !text_is_base64(data)) {
        return gemini_refuse_part(request, part, "does not hold base64 data");
    }
    json_open_object(request->writer, "inlineData");
    json_put_str(request->writer, "mimeType", mime);
    json_put_str(request->writer, "data", data);
    json_close_object(request->writer);
    return ERR_OK;
}

enum err gemini_put_media(struct gemini_request *request, const struct gemini_part *part)
{
    const struct chat_part *media = part->part;

    if (media->kind == PART_IMAGE && !gemini_takes(request, TAKES_IMAGES)) {
        return gemini_refuse_part(request, part, "is an image, which this model does not take");
    }
    if (media->data.len > 0) {
        return put_inline(request, part);
    }
    if (media->url.len > 0 && is_readable(media->url, request->is_vertex)) {
        str mime = type_at(media->url);
        put_file_data(request, media->url, mime.len > 0 ? mime : media->mime);
        return ERR_OK;
    }
    if (media->url.len > 0) {
        return gemini_refuse_part(request, part, "must be sent as data to this model's provider");
    }
    return put_uploaded(request, part);
}
