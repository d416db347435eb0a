/* SPDX-License-Identifier: MIT
 *
 * Payloads.  Owns nothing.  Called by host/emit and flow, which read them with <mentiond/json.h>.
 */
#include "host/payload.h"

#include "base/text.h"
#include "host/op.h"

#include <mentiond/json.h>

#define FIELD_MAX 4096           /* bytes of a name, handle, URL or description; longer is cut */
#define TEXT_MAX (512 * 1024)    /* bytes of a text, as of HTML; longer is cut */
#define MEDIA_MAX 16             /* of one post; the networks allow 4 to 20 */
#define STRIDE_MIN (offsetof(struct mentiond_media, description) + sizeof(char *))

/* On one line, whatever a stranger calls himself: what agents read has lines of ours around it. */
static char *one_line(const char *value)
{
        static const char *const line_ends[] = { "\n", "\t", "\xe2\x80\xa8", "\xe2\x80\xa9" };
        char *clean = text_clean(strempty(value), strnlen(strempty(value), FIELD_MAX));

        for (size_t i = 0; i < ELEMENTSOF(line_ends); i++)
                for (char *at = clean; (at = strstr(at, line_ends[i])); )
                        memset(at, ' ', strlen(line_ends[i]));
        return clean;
}

static void put_line(struct json_object *o, const char *name, const char *value)
{
        _cleanup_free_ char *clean = isempty(value) ? NULL : one_line(value);

        if (clean)
                mj_put_str(o, name, clean);
}

static char *to_string(struct json_object *o)
{
        char *s = xstrdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));

        (void) json_object_put(o);
        return s;
}

char *payload_body(const char *html, const char *text)
{
        if (!isempty(html))
                return text_from_html(html, strlen(html));
        return text_clean(strempty(text), strnlen(strempty(text), TEXT_MAX));
}

char *payload_text(const struct mentiond_mention *m)
{
        return payload_body(m->html, m->text);
}

static struct json_object *author_object(const struct mentiond_author *a)
{
        struct json_object *o = json_object_new_object();

        put_line(o, "id", a->id);
        put_line(o, "handle", a->handle);
        put_line(o, "name", a->name);
        put_line(o, "url", a->url);
        if (a->followers >= 0)
                mj_put_int(o, "followers", a->followers);
        if (a->created_usec)
                mj_put_int(o, "created", a->created_usec);
        if (a->flags & MENTIOND_VERIFIED)
                mj_put_bool(o, "verified", true);
        if (a->flags & MENTIOND_BOT)
                mj_put_bool(o, "bot", true);
        return o;
}

struct store_right payload_right(struct arena *a, const struct mentiond_mention *m)
{
        return (struct store_right) {
                .right = m->reply_right,
                .until_usec = m->reply_right == MENTIOND_REPLY_UNTIL ? m->reply_until_usec : 0,
                .reason = m->reply_right == MENTIOND_MAY_REPLY ? "" : arena_take(a, one_line(m->reply_reason)),
        };
}

/* What is above it is quoted, not told. */
#define ABOVE_GRAPHEMES 500

static struct json_object *above_object(const struct mentiond_mention *mention)
{
        struct mentiond_mention m = COPY_SIZED(struct mentiond_mention, mention);
        struct mentiond_author author = { .struct_size = 0 };
        _cleanup_free_ char *whole = payload_text(&m), *text = text_ellipsize(whole, ABOVE_GRAPHEMES);
        struct json_object *o = json_object_new_object();

        if (m.author)
                author = COPY_SIZED(struct mentiond_author, m.author);
        put_line(o, "id", m.id);
        put_line(o, "handle", author.handle);
        put_line(o, "name", author.name);
        mj_put_str(o, "text", text);
        put_line(o, "url", m.url);
        return o;
}

char *payload_of_mention(struct arena *a, const struct mentiond_mention *m, const struct mentiond_author *author,
                         struct store_kept *ret_kept)
{
        struct json_object *o = json_object_new_object();
        _cleanup_free_ char *text = payload_text(m);

        mj_put_int(o, "kind", m->kind);
        mj_put_int(o, "visibility", m->visibility);
        put_line(o, "parent", m->parent);
        if (!isempty(m->root) && !isempty(m->parent) && !streq(m->root, m->parent))
                put_line(o, "root", m->root);    /* for what is placed later */
        put_line(o, "url", m->url);
        mj_put_str(o, "text", text);
        put_line(o, "warning", m->warning);
        put_line(o, "language", m->language);
        if (m->edited_usec)
                mj_put_int(o, "edited", m->edited_usec);
        json_object_object_add(o, "author", author_object(author));
        if (m->above)
                json_object_object_add(o, "above", above_object(m->above));
        if (m->n_media && m->media && m->media->struct_size >= STRIDE_MIN) {
                struct json_object *list = json_object_new_array();

                for (uint32_t i = 0; i < m->n_media && i < MEDIA_MAX; i++) {
                        const struct mentiond_media *row = (const void *) ((const char *) m->media
                                                                           + (size_t) i * m->media->struct_size);
                        struct mentiond_media media = COPY_SIZED(struct mentiond_media, row);
                        struct json_object *one = json_object_new_object();

                        put_line(one, "url", media.url);
                        put_line(one, "type", media.type);
                        put_line(one, "description", media.description);
                        put_line(one, "id", media.id);
                        (void) json_object_array_add(list, one);
                }
                json_object_object_add(o, "media", list);
        }
        *ret_kept = (struct store_kept) {
                .handle = arena_strdup(a, mj_str(mj_get(o, "author"), "handle")),
                .visibility = m->visibility,
                .language = arena_strdup(a, mj_str(o, "language")),
                .warning = arena_strdup(a, mj_str(o, "warning")),
                .right = payload_right(a, m),
        };
        return to_string(o);
}

char *payload_with_quotes(const char *payload, const struct payload_quote *quotes, size_t n, size_t left_out)
{
        struct json_object *o = json_tokener_parse(payload), *list = json_object_new_array();

        if (!json_object_is_type(o, json_type_object)) {
                (void) json_object_put(o);
                o = json_object_new_object();
        }
        for (size_t i = 0; i < n; i++) {
                struct json_object *quote = json_object_new_object();

                put_line(quote, "handle", quotes[i].handle);
                put_line(quote, "name", quotes[i].name);
                mj_put_str(quote, "text", quotes[i].text);
                put_line(quote, "url", quotes[i].url);
                (void) json_object_array_add(list, quote);
        }
        json_object_object_add(o, "quotes", list);
        if (left_out)
                mj_put_int(o, "left_out", (int64_t) left_out);
        return to_string(o);
}

char *payload_of_article(const struct mentiond_article *a)
{
        struct json_object *o = json_object_new_object();
        _cleanup_free_ char *text = payload_body(a->html, a->text);

        put_line(o, "agent", a->agent);
        mj_put_str(o, "text", text);
        mj_put_int(o, "attachments", a->n_attachments);
        put_line(o, "ticket", a->ticket);
        return to_string(o);
}

char *payload_of_command(const struct mentiond_article *a, const struct command *c)
{
        struct json_object *o = json_object_new_object();

        put_line(o, "agent", a->agent);
        put_line(o, "ticket", a->ticket);
        mj_put_int(o, "attachments", a->n_attachments);
        mj_put_str(o, "command", c->word);
        mj_put_str(o, "text", c->text);
        return to_string(o);
}

char *payload_of_note(const struct mentiond_note *n)
{
        struct json_object *o = json_object_new_object();

        mj_put_str(o, "subject", n->subject);
        mj_put_str(o, "text", n->text);
        put_line(o, "article", n->article);
        put_line(o, "url", n->url);
        if (n->kind)
                mj_put_int(o, "note", n->kind);
        return to_string(o);
}

static void put_json(void *o)
{
        (void) json_object_put(o);
}

struct json_object *payload_parse(struct arena *a, const char *payload)
{
        struct json_object *o = json_tokener_parse(payload);

        return o ? arena_own(a, o, put_json) : NULL;
}
