/* SPDX-License-Identifier: MIT
 *
 * Fetching media.  Owns nothing.  A picture that cannot be had delays no ticket: its address is in the text.
 */
#include "flow/media.h"

#include "base/clock.h"

#define NAME_MAX_BYTES 80
#define FILE_USEC (20 * USEC_PER_SEC)            /* for one file; a ticket must not wait longer */
#define ALL_USEC (40 * USEC_PER_SEC)             /* for all of a post: the helpdesk needs the rest of OP_DEADLINE_USEC */
#define TOTAL_FACTOR 4                           /* all files of a post together: so many times media_max */

static const char *const good_types[] = { "image/", "video/", "audio/" };

static bool good_type(const char *type)
{
        for (size_t i = 0; i < ELEMENTSOF(good_types); i++)
                if (!strncasecmp(type, good_types[i], strlen(good_types[i])))
                        return true;
        return false;
}

/* The last part of the path, with nothing in it that a file system or a header could take amiss. */
static const char *file_name(struct arena *a, const char *url, size_t number)
{
        const char *end = url + strcspn(url, "?#"), *start = end;
        char *name, *p;

        while (start > url && start[-1] != '/')
                start--;
        name = arena_strndup(a, start, MIN((size_t) (end - start), (size_t) NAME_MAX_BYTES));
        for (p = name; *p; p++)
                if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", *p))
                        *p = '_';
        return *name && *name != '.' ? name : arena_printf(a, "media-%zu", number);
}

/* NULL, or why not. */
static const char *fetch(struct mentiond_op *op, const struct instance *channel, const char *url, size_t max,
                         int64_t end_usec, struct mentiond_attachment *ret)
{
        int64_t left = end_usec - mono_usec();
        _cleanup_http_reply_ struct http_reply r = { .fate = HTTP_REFUSED };
        _cleanup_free_ char *type = NULL;
        size_t size;

        http_perform(op->instance->host->http, &(struct http_request) {
                .method = "GET",
                .url = url,
                .guarded = !channel->options.media_private,
                .max_body = max,
                .total_usec = MIN(MIN(FILE_USEC, left), channel->options.timeout_usec),
                .proxy = channel->options.proxy,
                .ca_file = channel->options.ca_file,
        }, &r);
        if (r.fate != HTTP_REPLIED)
                return arena_strdup(op->arena, r.error);
        if (r.status != 200)
                return arena_printf(op->arena, "the server answered %u", r.status);
        type = http_header(&r, "Content-Type");
        if (!type || !good_type(type))
                return arena_printf(op->arena, "it is of type \"%.80s\"", strempty(type));
        type[strcspn(type, "; ")] = '\0';
        size = r.body.size;
        if (!size)
                return "it is empty";    /* a helpdesk refuses such a file, and some the whole article */
        *ret = (struct mentiond_attachment) {
                .struct_size = sizeof *ret,
                .type = arena_strdup(op->arena, type),
                .data = arena_take(op->arena, buffer_take(&r.body)),
                .size = size,
        };
        return NULL;
}

static int call_download(struct mentiond_op *op, const char *id, size_t max, struct mentiond_file *ret)
{
        const struct instance *i = op->instance;

        return OP_CALL(op, i->plugin->channel.download(op, i->plugin_state, id, max, ret));
}

/* The same of one that only the channel itself can get. */
static const char *download(struct mentiond_op *op, struct instance *channel, struct json_object *media, size_t max,
                            struct mentiond_attachment *ret)
{
        struct mentiond_file file = { .struct_size = sizeof file };
        const char *type = mj_str(media, "type"), *why = NULL;
        struct mentiond_op own;
        int verdict;

        if (!good_type(type))
                return arena_printf(op->arena, "it is of type \"%.80s\"", type);
        if (!channel->plugin->channel.download || channel->state != INSTANCE_RUNNING)
                return "the channel does not run";
        op_begin(&own, channel, "download", FILE_USEC);
        verdict = op_judge(&own, call_download(&own, mj_str(media, "id"), max, &file));
        if (verdict != MENTIOND_OK)
                why = arena_strdup(op->arena, own.reason);
        else if (file.size > max || !file.size)
                why = file.size ? "it is too large" : "it is empty";
        else
                *ret = (struct mentiond_attachment) {
                        .struct_size = sizeof *ret,
                        .name = arena_strdup(op->arena, strempty(file.name)),
                        .type = arena_strdup(op->arena, type),
                        .data = memcpy(arena_alloc(op->arena, file.size), file.data, file.size),
                        .size = file.size,
                };
        op_end(&own);
        task_set_deadline(op->task, op->begun_usec + OP_DEADLINE_USEC);
        return why;
}

void media_fetch(struct mentiond_op *op, struct instance *channel, struct json_object *mention,
                 struct mentiond_attachment **ret, uint32_t *ret_n, const char **ret_failed)
{
        struct json_object *list = mj_get(mention, "media");
        size_t max = (size_t) channel->options.media_max, left = TOTAL_FACTOR * max;
        struct mentiond_attachment *made = arena_alloc(op->arena, MAX(mj_len(list), (size_t) 1) * sizeof *made);
        int64_t end_usec = mono_usec() + ALL_USEC;
        const char *failed = "";
        uint32_t n = 0;

        for (size_t i = 0; max && i < mj_len(list); i++) {
                struct json_object *media = mj_at(list, i);
                const char *url = mj_str(media, "url"), *why;

                if (!*url && !*mj_str(media, "id"))
                        continue;
                why = mono_usec() >= end_usec ? "the files before it took too long"
                      : *url                  ? fetch(op, channel, url, MIN(max, left), end_usec, &made[n])
                                              : download(op, channel, media, MIN(max, left), &made[n]);
                if (why) {
                        failed = arena_printf(op->arena, "%s\nNot attached: %s (%s)", failed, *url ? url : mj_str(media, "type"),
                                              why);
                        continue;
                }
                made[n].name = file_name(op->arena, *url ? url : made[n].name, i + 1);
                left -= made[n++].size;
        }
        *ret = made;
        *ret_n = n;
        *ret_failed = failed;
}
