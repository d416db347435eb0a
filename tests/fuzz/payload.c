/* SPDX-License-Identifier: MIT
 *
 * What plugins give, made a row's payload, and read from it again.  The input: a line for each short field, then the body.
 */
#include "fuzz.h"

#include "base/text.h"
#include "host/payload.h"

#include <mentiond/json.h>

enum { ID, PARENT, URL, WARNING, LANGUAGE, HANDLE, NAME, MEDIA, DESCRIPTION, FIELDS };

static void check_field(struct json_object *o, const char *name, const char *given)
{
        const char *kept = mj_str(o, name);
        _cleanup_free_ char *clean = text_clean(given, strlen(given));

        MUST(fuzz_is_utf8(kept) && !fuzz_has(kept, "\n\t"));
        MUST(strlen(given) >= 4096 || fuzz_has(clean, "\n\t\xe2") || streq(kept, clean));
}

static void check_mention(struct arena *a, char **f, const char *body, unsigned kind)
{
        const struct mentiond_author author = {
                .struct_size = sizeof author, .flags = kind & 3, .id = f[ID], .handle = f[HANDLE], .name = f[NAME], .url = f[URL],
                .followers = (int64_t) kind - 1, .created_usec = kind,
        };
        const struct mentiond_media media[] = {
                { .struct_size = sizeof media[0], .url = f[URL], .type = f[MEDIA], .description = f[DESCRIPTION] },
                { .struct_size = sizeof media[0], .url = f[MEDIA] },
        };
        const struct mentiond_mention mention = {
                .struct_size = sizeof mention, .kind = kind, .visibility = kind % 5, .n_media = kind % 3, .id = f[ID],
                .parent = f[PARENT], .url = f[URL], .warning = f[WARNING], .language = f[LANGUAGE],
                .html = kind & 1 ? body : NULL, .text = kind & 1 ? NULL : body, .edited_usec = kind, .author = &author,
                .media = media,
        };
        struct store_kept kept;
        _cleanup_free_ char *text = payload_text(&mention), *payload = payload_of_mention(a, &mention, &author, &kept);
        struct json_object *o = payload_parse(a, payload);

        MUST(o && fuzz_is_utf8(payload) && streq(mj_str(o, "text"), text));
        check_field(o, "parent", f[PARENT]);
        check_field(o, "warning", f[WARNING]);
        check_field(mj_get(o, "author"), "handle", f[HANDLE]);
        check_field(mj_get(o, "author"), "name", f[NAME]);
        MUST(mj_len(mj_get(o, "media")) == kind % 3);
        if (kind % 3)
                check_field(mj_at(mj_get(o, "media"), 0), "description", f[DESCRIPTION]);
        MUST(mj_true(mj_get(o, "author"), "bot") == !!(kind & MENTIOND_BOT));
        MUST(kept.visibility == kind % 5 && streq(kept.warning, mj_str(o, "warning")));
        MUST(streq(kept.handle, mj_str(mj_get(o, "author"), "handle")));
}

static void check_article(struct arena *a, char **f, const char *body, unsigned kind)
{
        const struct mentiond_article article = {
                .struct_size = sizeof article, .ticket = f[ID], .agent = f[NAME], .n_attachments = kind,
                .html = kind & 1 ? body : "", .text = kind & 2 ? body : "",
        };
        _cleanup_free_ char *payload = payload_of_article(&article), *note = payload_of_note(&(struct mentiond_note) {
                .subject = f[NAME], .text = f[WARNING] });
        struct json_object *o = payload_parse(a, payload);

        MUST(o && fuzz_is_utf8(payload) && mj_int(o, "attachments", -1) == (int64_t) kind);
        check_field(o, "agent", f[NAME]);
        check_field(o, "ticket", f[ID]);
        MUST(streq(mj_str(payload_parse(a, note), "text"), f[WARNING]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct input in = { (const char *) data, size };
        _cleanup_(arena_freep) struct arena *a = arena_new();
        unsigned kind = input_byte(&in);
        char *fields[FIELDS], *body;

        for (size_t i = 0; i < FIELDS; i++)
                fields[i] = input_line(&in);
        body = input_rest(&in);
        check_mention(a, fields, body, kind);
        check_article(a, fields, body, kind);
        for (size_t i = 0; i < FIELDS; i++)
                free(fields[i]);
        free(body);
        return 0;
}
