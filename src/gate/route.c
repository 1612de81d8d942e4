#include "gate/route.h"

static const str prefixes[] = {STR_INIT("/v1"), STR_INIT("/api/v1"), STR_INIT("")};

static str without_trailing_slash(str path)
{
    return path.len > 1 && path.at[path.len - 1] == '/' ? str_take(path, path.len - 1) : path;
}

static bool path_matches(str path, str wanted, str *rest)
{
    if (wanted.len > 1 && wanted.at[wanted.len - 1] == '/') {
        if (!str_has_prefix(path, wanted) || path.len == wanted.len) {
            return false;
        }
        *rest = str_skip(path, wanted.len);
        return true;
    }
    *rest = STR_NONE;
    return str_eq(without_trailing_slash(path), wanted);
}

static bool route_matches(const struct route *route, str path, str *rest)
{
    str wanted = str_c(route->path);

    if (route->is_absolute) {
        return path_matches(path, wanted, rest);
    }
    for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
        if (str_has_prefix(path, prefixes[i]) &&
            path_matches(str_skip(path, prefixes[i].len), wanted, rest)) {
            return true;
        }
    }
    return false;
}

static bool method_matches(const struct route *route, str method)
{
    str wanted = str_c(route->method);

    return str_eq(method, wanted) || (str_eq(method, STR("HEAD")) && str_eq(wanted, STR("GET"))) ||
           str_eq(wanted, STR("*"));
}

enum route_result route_find(const struct routes *routes, str method, str target,
                             const struct route **out, str *rest, str *query)
{
    str path = str_split(&target, '?');
    enum route_result result = ROUTE_NONE;

    *query = target;
    for (size_t i = 0; i < routes->count; i++) {
        const struct route *route = &routes->at[i];
        if (!route_matches(route, path, rest)) {
            continue;
        }
        *out = route;
        if (method_matches(route, method)) {
            return ROUTE_FOUND;
        }
        result = ROUTE_WRONG_METHOD;
    }
    return result;
}

const char *route_suggest(const struct routes *routes, str target)
{
    str path = str_split(&target, '?');
    const char *best = NULL;
    size_t best_distance = 1 + path.len / 2;

    for (size_t p = COUNT_OF(prefixes) - 1; p-- > 0;) {
        if (str_has_prefix(path, prefixes[p])) {
            path = str_skip(path, prefixes[p].len);
            break;
        }
    }
    for (size_t i = 0; i < routes->count; i++) {
        if (routes->at[i].is_absolute || routes->at[i].surface == NULL) {
            continue;
        }
        str known = str_c(routes->at[i].path);
        size_t distance = str_distance(path, known);
        if (path.len > 3 && str_find(path, known) < path.len) {
            distance = 1; /* "/openai/v1/chat/completions" */
        }
        if (distance < best_distance) {
            best_distance = distance;
            best = routes->at[i].path;
        }
    }
    return best;
}
