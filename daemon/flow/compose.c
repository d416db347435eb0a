/* SPDX-License-Identifier: MIT
 *
 * The texts.  Owns their wording.  Called by filing and posting.
 */
#include "flow/compose.h"

#include "base/buffer.h"
#include "base/text.h"

#include <ctype.h>

#define KEY_MAX 200              /* as struct mentiond_filing promises */
#define TITLE_GRAPHEMES 80       /* what a ticket list shows of it */
#define NAME_GRAPHEMES 60
#define QUOTE_GRAPHEMES 500      /* of a post that is answered; its link is there */
#define EARLIER_SHOWN 5          /* of the author's other tickets; the helpdesk's history has them all */
#define ARTICLE_MAX (256 * 1024) /* above any network's longest post, with its quotation */

/* No network that we know has ids as long; two that differ only behind this must not meet. */
static const char *shorten(struct arena *a, const char *key, const char *id)
{
        return strlen(key) <= KEY_MAX ? key
                                      : arena_printf(a, "%.*s~%016llx", KEY_MAX - 17, key, (unsigned long long) text_hash(id));
}

const char *compose_key(struct arena *a, const char *channel, const char *id)
{
        _cleanup_free_ char *encoded = text_percent_encode(id);

        return shorten(a, arena_printf(a, "%s:%s", channel, encoded), id);
}

const char *compose_branch_key(struct arena *a, const char *channel, const char *first, const char *root)
{
        _cleanup_free_ char *encoded = text_percent_encode(first), *last = text_percent_encode(root);
        const char *key = arena_printf(a, "%s:%s+%s", channel, encoded, last);

        return shorten(a, key, key);
}

const char *compose_thread_key(struct arena *a, const char *channel, const char *first, const char *root)
{
        _cleanup_free_ char *encoded = text_percent_encode(first), *last = text_percent_encode(root);
        const char *key = arena_printf(a, "%s:%s>%s", channel, encoded, last);

        return streq(first, root) || strlen(key) >= KEY_MAX ? compose_key(a, channel, root) : key;
}

const char *compose_author(struct arena *a, struct json_object *mention)
{
        struct json_object *author = mj_get(mention, "author");
        const char *name = *mj_str(author, "name") ? mj_str(author, "name") : mj_str(author, "handle");
        char *line = arena_take(a, text_title(name, NAME_GRAPHEMES)), *out = line;

        if (!*line)
                out = line = arena_strdup(a, mj_str(author, "handle"));
        for (const char *p = line; *p; p++)
                if (*p != '@' && *p != '<' && *p != '>' && *p != '"' && *p != ',')
                        *out++ = *p;
        *out = '\0';
        return *line ? line : "Unknown";
}

const char *compose_title(struct arena *a, struct json_object *mention)
{
        const char *title = arena_take(a, text_title(mj_str(mention, "text"), TITLE_GRAPHEMES));

        return *title ? title : arena_printf(a, "Post by %s", compose_author(a, mention));
}

static const char *visibility_name(int64_t visibility)
{
        switch (visibility) {
        case MENTIOND_PUBLIC:
                return "Public";
        case MENTIOND_UNLISTED:
                return "Public, unlisted";
        case MENTIOND_FOLLOWERS:
                return "For followers only";
        case MENTIOND_DIRECT:
                return "Direct: seen by those who are named in it only";
        default:
                return "Visibility unknown";
        }
}

/* How old an account is: much, of who writes to a company for the first time.  By the time of the post. */
static void add_age(struct buffer *b, int64_t made_usec, int64_t written_usec)
{
        _cleanup_free_ char *made = text_format_time(made_usec);
        int64_t days = (written_usec - made_usec) / USEC_PER_DAY;

        if (made_usec <= 0 || written_usec < made_usec)
                return;
        if (days < 62)
                (void) buffer_printf(b, ", since %.10s, %lld day%s", made, (long long) days, days == 1 ? "" : "s");
        else if (days < 730)
                (void) buffer_printf(b, ", since %.7s, %lld months", made, (long long) (days * 12 / 365));
        else
                (void) buffer_printf(b, ", since %.4s, %lld years", made, (long long) (days * 4 / 1461));
}

static void add_earlier(struct buffer *b, const struct store_author *author)
{
        if (author->n_earlier == 0)
                return;
        (void) buffer_printf(b, "\nEarlier tickets: %s%zu", author->more ? "more than " : "", author->n_earlier);
        if (author->n_earlier > EARLIER_SHOWN || author->more)
                (void) buffer_append_str(b, ", the newest of them:");
        for (size_t i = 0; i < author->n_earlier && i < EARLIER_SHOWN; i++) {
                const struct store_ticket *t = &author->earlier[i];

                (void) buffer_printf(b, "\n- %s%s%s", *t->number ? t->number : t->ticket, *t->url ? ", " : "", t->url);
        }
}

static void add_author(struct buffer *b, struct json_object *author, int64_t written_usec, const struct store_author *known)
{
        const char *name = mj_str(author, "name"), *handle = mj_str(author, "handle");
        int64_t followers = mj_int(author, "followers", -1);

        if (!known) {
                (void) buffer_printf(b, "From: %s", handle);
                return;
        }
        (void) buffer_printf(b, "From: %s%s%s%s", name, *name ? " (" : "", handle, *name ? ")" : "");
        if (followers >= 0)
                (void) buffer_printf(b, ", %lld %s", (long long) followers, followers == 1 ? "follower" : "followers");
        if (mj_true(author, "verified"))
                (void) buffer_append_str(b, ", verified");
        add_age(b, mj_int(author, "created", 0), written_usec);
        if (mj_true(author, "bot"))
                (void) buffer_append_str(b, ", a bot");
        if (*mj_str(author, "url"))
                (void) buffer_printf(b, "\nProfile: %s", mj_str(author, "url"));
        add_earlier(b, known);
}

/* By the handle, where people know one another by that. */
static void add_quote(struct arena *a, struct buffer *b, const char *what, struct json_object *quote)
{
        const char *line = arena_take(a, text_ellipsize(mj_str(quote, "text"), QUOTE_GRAPHEMES));
        const char *handle = mj_str(quote, "handle"), *name = mj_str(quote, "name");

        (void) buffer_printf(b, "\n\n%s %s:", what, *handle == '@' || !*name ? handle : name);
        while (*line) {
                size_t n = strcspn(line, "\n");

                (void) buffer_printf(b, "\n> %.*s", (int) n, line);
                line += n + (line[n] == '\n');
        }
        /* In a line of its own: helpdesks take what is behind it for a part of it. */
        if (*mj_str(quote, "url"))
                (void) buffer_printf(b, "\n%s", mj_str(quote, "url"));
}

static void add_quotes(struct arena *a, struct buffer *b, struct json_object *mention)
{
        struct json_object *quotes = mj_get(mention, "quotes");
        int64_t left_out = mj_int(mention, "left_out", 0);

        if (!mj_len(quotes) && mj_get(mention, "above"))
                add_quote(a, b, *mj_str(mention, "parent") ? "In answer to" : "Below a post of", mj_get(mention, "above"));
        for (size_t i = 0; i < mj_len(quotes); i++) {
                add_quote(a, b, "In answer to", mj_at(quotes, i));
                if (i == 0 && left_out > 0)
                        (void) buffer_printf(b, "\n\n(%lld %s between)", (long long) left_out, left_out == 1 ? "post" : "posts");
        }
}

static void add_media(struct buffer *b, struct json_object *media)
{
        for (size_t i = 0; i < mj_len(media); i++) {
                struct json_object *one = mj_at(media, i);

                (void) buffer_printf(b, "%s\n%s: %s", i ? "" : "\n", *mj_str(one, "type") ? mj_str(one, "type") : "Media",
                                     *mj_str(one, "url") ? mj_str(one, "url") : "has no address of its own");
                if (*mj_str(one, "description"))
                        (void) buffer_printf(b, "\n  (%s)", mj_str(one, "description"));
        }
}

const char *compose_article(struct arena *a, struct json_object *mention, int64_t created_usec, const char *failed_media,
                            const struct store_author *author)
{
        _cleanup_buffer_ struct buffer b = BUFFER_INIT(ARTICLE_MAX);
        _cleanup_free_ char *created = text_format_time(created_usec);
        const char *text = mj_str(mention, "text");

        if (*mj_str(mention, "warning"))
                (void) buffer_printf(&b, "Content warning: %s\n\n", mj_str(mention, "warning"));
        (void) buffer_append_str(&b, *text ? text : "(no text)");
        (void) buffer_append_str(&b, "\n\n-- \n");
        add_author(&b, mj_get(mention, "author"), created_usec, author);
        if (*mj_str(mention, "url"))
                (void) buffer_printf(&b, "\nPost: %s", mj_str(mention, "url"));
        if (created_usec)
                (void) buffer_printf(&b, "\nWritten: %s", created);
        (void) buffer_printf(&b, "\n%s", visibility_name(mj_int(mention, "visibility", 0)));
        add_media(&b, mj_get(mention, "media"));
        if (*failed_media)
                (void) buffer_printf(&b, "\n%s", failed_media);
        add_quotes(a, &b, mention);
        return arena_strdup(a, buffer_str(&b));
}

bool compose_names(const char *text, const char *handle)
{
        size_t whole = strlen(handle), user = handle[0] == '@' ? 1 + strcspn(handle + 1, "@") : 0;

        if (user == 0)
                return false;
        for (const char *p = text; (p = strchr(p, '@')); p++) {
                size_t n;

                if (p > text && !strchr(" \n\t(\"'", p[-1]))
                        continue;
                n = !strncasecmp(p, handle, whole) ? whole : !strncasecmp(p, handle, user) && p[user] != '@' ? user : 0;
                if (!n || (p[n] == '.' && isalnum((unsigned char) p[n + 1])))
                        continue;        /* the name goes on */
                if (!p[n] || strchr(" \n\t,.:;!?)\"'", p[n]))
                        return true;
        }
        return false;
}

const char *compose_reply(struct arena *a, const char *text, const char *handle)
{
        if (handle[0] != '@' || compose_names(text, handle))
                return arena_strdup(a, text);
        return arena_printf(a, "%s %s", handle, text);
}
