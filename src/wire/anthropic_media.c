/*
 * Images and documents in a request to the Anthropic Messages API.
 *
 * The API takes four kinds of images, PDFs and plain text, as base64, as a URL that it fetches
 * itself (https; the platforms fetch nothing), or by the id of a file uploaded to it.
 */
#include "base/text.h"
#include "wire/anthropic.h"
#include "wire/media.h"

/* ---- What a part is ---- */

static bool is_image(str mime)
{
    return str_eq(mime, STR("image/jpeg")) || str_eq(mime, STR("image/png")) ||
           str_eq(mime, STR("image/gif")) || str_eq(mime, STR("image/webp"));
}

static bool is_text(str mime)
{
    static const str texts[] = {
        STR_INIT("text/"),
        STR_INIT("application/json"),
        STR_INIT("application/xml"),
        STR_INIT("application/yaml"),
        STR_INIT("application/x-yaml"),
        STR_INIT("application/javascript"),
        STR_INIT("application/x-ndjson"),
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (str_has_prefix(mime, texts[i])) {
            return true;
        }
    }
    return false;
}

/* The type that the end of a name or of a URL's path tells; empty when it tells none. */
static str mime_by_name(str name)
{
    static const struct {
        str ends;
        str mime;
    } kinds[] = {
        {STR_INIT(".pdf"), STR_INIT("application/pdf")},
        {STR_INIT(".jpg"), STR_INIT("image/jpeg")},
        {STR_INIT(".jpeg"), STR_INIT("image/jpeg")},
        {STR_INIT(".png"), STR_INIT("image/png")},
        {STR_INIT(".gif"), STR_INIT("image/gif")},
        {STR_INIT(".webp"), STR_INIT("image/webp")},
        {STR_INIT(".txt"), STR_INIT("text/plain")},
        {STR_INIT(".md"), STR_INIT("text/markdown")},
        {STR_INIT(".csv"), STR_INIT("text/csv")},
        {STR_INIT(".tsv"), STR_INIT("text/tab-separated-values")},
        {STR_INIT(".html"), STR_INIT("text/html")},
        {STR_INIT(".htm"), STR_INIT("text/html")},
        {STR_INIT(".xml"), STR_INIT("application/xml")},
        {STR_INIT(".json"), STR_INIT("application/json")},
        {STR_INIT(".yaml"), STR_INIT("application/yaml")},
        {STR_INIT(".yml"), STR_INIT("application/yaml")},
        {STR_INIT(".log"), STR_INIT("text/plain")},
    };

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        size_t len = kinds[i].ends.len;
        if (name.len > len && str_eq_nocase(str_skip(name, name.len - len), kinds[i].ends)) {
            return kinds[i].mime;
        }
    }
    return STR_NONE;
}

static str path_of(str url)
{
    url = str_take(url, str_find_char(url, '#'));
    return str_take(url, str_find_char(url, '?'));
}

/* The type that the data shows, else the one the client says, else what the name looks like:
 * clients often say the wrong one. */
static str media_type(const struct chat_part *part)
{
    str seen = media_type_shown(part->data);
    str said = media_type_said(part);

    if (seen.len > 0) {
        return seen;
    }
    if (str_eq(said, STR("image/jpg"))) {
        return STR("image/jpeg");
    }
    if (said.len > 0 && !str_eq(said, STR("application/octet-stream"))) {
        return said;
    }
    seen = mime_by_name(part->name);
    return seen.len > 0 ? seen : mime_by_name(path_of(part->url));
}

/* ---- Who fetches ---- */

bool anthropic_needs_bytes(const struct chat_part *part, const struct model *model)
{
    bool is_media = part->kind == PART_IMAGE || part->kind == PART_FILE;

    if (!is_media || part->url.len == 0) {
        return false;
    }
    if (!anthropic_platform_of(model)->takes_urls || !str_has_prefix(part->url, STR("https://"))) {
        return true;
    }
    return part->kind == PART_FILE && is_text(media_type(part)); /* only PDFs are fetched */
}

/* ---- Writing ---- */

/* {"type": ..., "<name>": value} as `source`. */
static void put_source(struct anthropic_request *request, const char *type, str mime,
                       const char *name, str value)
{
    json_open_object(request->writer, "source");
    json_put_str(request->writer, "type", str_c(type));
    if (mime.len > 0) {
        json_put_str(request->writer, "media_type", mime);
    }
    json_put_str(request->writer, name, value);
    json_close_object(request->writer);
}

static void put_title(struct anthropic_request *request, const struct chat_part *part)
{
    if (part->name.len > 0) {
        json_put_str(request->writer, "title", part->name);
    }
}

/* By reference: an uploaded file, or a URL that the API fetches. */
static enum err put_reference(struct anthropic_request *request, const struct turn_block *block)
{
    const struct chat_part *part = block->part;
    bool is_picture = part->kind == PART_IMAGE || is_image(media_type(part));
    bool is_ours = request->chat->format == FORMAT_ANTHROPIC; /* its ids are this vendor's */

    if (part->url.len == 0 && !(is_ours && part->id.len > 0 && request->platform->takes_files)) {
        return anthropic_refuse_part(request, block,
                                     "names an uploaded file, which this provider has not");
    }
    if (part->url.len > 0 && anthropic_needs_bytes(part, request->model)) {
        return anthropic_refuse_part(request, block,
                                     "is a URL, which this model's provider does not fetch");
    }
    json_put_str(request->writer, "type", is_picture ? STR("image") : STR("document"));
    if (part->url.len > 0) {
        put_source(request, "url", STR_NONE, "url", part->url);
    } else {
        put_source(request, "file", STR_NONE, "file_id", part->id);
    }
    if (!is_picture) {
        put_title(request, part);
    }
    return ERR_OK;
}

static enum err put_text_document(struct anthropic_request *request, const struct turn_block *block,
                                  str data)
{
    str text = STR_NONE;

    if (!text_base64_decode(data, request->arena, &text)) {
        return anthropic_refuse_part(request, block, "does not hold base64 data");
    }
    json_put_str(request->writer, "type", STR("document"));
    put_source(request, "text", STR("text/plain"), "data", text);
    put_title(request, block->part);
    return ERR_OK;
}

static enum err put_data(struct anthropic_request *request, const struct turn_block *block)
{
    const struct chat_part *part = block->part;
    str data = media_unbroken(part->data, request->arena);
    str mime = media_type(part);
    bool is_picture = is_image(mime);
    bool is_file = part->kind == PART_FILE;

    if (is_file && is_text(mime)) {
        return put_text_document(request, block, data);
    }
    if (!is_picture && !(is_file && str_eq(mime, STR("application/pdf")))) {
        return anthropic_refuse_part(request, block,
                                     is_file ? "must be a PDF, a text or an image"
                                             : "must be a JPEG, PNG, GIF or WebP image");
    }
    if (!text_is_base64(data)) {
        return anthropic_refuse_part(request, block, "does not hold base64 data");
    }
    json_put_str(request->writer, "type", is_picture ? STR("image") : STR("document"));
    put_source(request, "base64", mime, "data", data);
    if (!is_picture) {
        put_title(request, part);
    }
    return ERR_OK;
}

enum err anthropic_put_media(struct anthropic_request *request, const struct turn_block *block)
{
    if (block->part->kind == PART_IMAGE && !anthropic_takes(request, TAKES_IMAGES)) {
        return anthropic_refuse_part(request, block, "is an image, which this model does not take");
    }
    enum err err =
        block->part->data.len > 0 ? put_data(request, block) : put_reference(request, block);

    if (err == ERR_OK) {
        anthropic_put_rest(request, block->part->raw, "type source title cache_control ");
    }
    return err;
}
