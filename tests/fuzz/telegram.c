/* SPDX-License-Identifier: MIT
 *
 * The telegram plugin against any server (channel.h).  m: with a file; h: like.
 */
#include "channel.h"

#include <mentiond/json.h>

#define BASE "https://api.telegram.org/"

static bool on_request(const struct http_request *q)
{
        const char *token = secret_value(brand->in_path), *path = q->url + strlen(BASE);

        if (startswith(path, "file/"))
                path += strlen("file/");
        MUST(!q->bearer && startswith(path, "bot") && startswith(path + 3, token) && path[3 + strlen(token)] == '/');
        MUST(!strstr(path + 4, token) && (!q->body || !memmem(q->body, q->body_size, token, strlen(token))));
        if (streq(q->method, "GET"))
                return false;
        MUST(strchr("omedh", channel_operation));
        if (!strchr("om", channel_operation)) {
                MUST(q->repeatable);
                return false;
        }
        MUST(!channel_confirmations);
        return true;
}

static struct mentiond_post part(void)
{
        static const struct mentiond_upload file = {
                .struct_size = sizeof file, .name = "a.png", .type = "image/png", .description = "a", .data = "\0", .size = 1,
        };
        struct mentiond_post p = channel_part();

        p.visibility = MENTIOND_FOLLOWERS;
        p.parent = "-100100:7:3";
        p.uploads = &file;
        p.n_uploads = channel_operation == 'm';
        return p;
}

/* The address of a file would hold the token. */
static void on_item(const struct store_item *item _unused_, struct json_object *payload)
{
        struct json_object *media = mj_get(payload, "media");

        for (size_t i = 0; i < mj_len(media); i++)
                MUST(!*mj_str(mj_at(media, i), "url"));
}

static void on_end(struct mentiond_op *op, int verdict)
{
        if (channel_posts && verdict == MENTIOND_OK)
                MUST(channel_confirmations == 1);
        if (channel_confirmations)       /* what may have arrived is not sent again */
                MUST(verdict == MENTIOND_OK || verdict == MENTIOND_AMBIGUOUS);
        if (verdict != MENTIOND_OK)
                MUST(!op->n_cursors);    /* what was not taken is shown again */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const settings[] = { "plugin", "telegram", "token", "env:FUZZ_TOKEN", "helpdesk", "desk", NULL };
        static const struct channel_target target = {
                .settings = settings, .operations = "spomedhg", .reactions = "h", .base = BASE, .signs = ":",
                .own = "1:2", .theirs = "1:2",
                .posts_max = 2,          /* again where the first went to a group that is another now */
                .on_request = on_request, .part = part, .on_item = on_item, .on_end = on_end,
        };

        return channel_run(&target, data, size);
}
