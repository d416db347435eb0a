/* SPDX-License-Identifier: MIT
 *
 * Channel "bluesky": what a text links to.  The network takes texts as they are: what is a link, a name or a tag in them the
 * client has to say, by offsets in bytes.  Owns nothing.
 */
#include "bluesky.h"

#include <ctype.h>

#define TAG_MAX 64                       /* graphemes */

static void add(struct json_object *facets, int64_t from, int64_t to, const char *kind, const char *member, const char *value)
{
        struct json_object *facet = json_object_new_object(), *index = json_object_new_object(),
                           *feature = json_object_new_object();
        struct json_object *features = json_object_new_array();

        mj_put_int(index, "byteStart", from);
        mj_put_int(index, "byteEnd", to);
        mj_put_str(feature, "$type", kind);
        mj_put_str(feature, member, value);
        (void) json_object_array_add(features, feature);
        MJ_PUT(facet, "index", index);
        MJ_PUT(facet, "features", features);
        (void) json_object_array_add(facets, facet);
}

/* Whether a name or a tag may begin there. */
static bool is_start(const char *text, const char *at)
{
        return at == text || strchr(" \t\n([{\"'", at[-1]);
}

/* Without the marks of the sentence around it; a bracket belongs to a link in which it was opened. */
static size_t trim(const char *s, size_t n)
{
        int open = 0;

        for (size_t i = 0; i < n; i++)
                open += (s[i] == '(') - (s[i] == ')');
        for (; n > 0 && strchr(".,;:!?'\")]}", s[n - 1]) && !(s[n - 1] == ')' && open >= 0); n--)
                open += s[n - 1] == ')';
        return n;
}

/* Handles are names of hosts.  One that nobody has is no name. */
static int add_name(struct mentiond_op *op, struct bluesky *b, struct json_object *facets, const char *text, const char *at,
                    size_t n)
{
        struct json_object *answer = NULL;
        const char *handle = mentiond_format(op, "%.*s", (int) n - 1, at + 1);

        int r = bluesky_get(op, b, &answer,
                            mentiond_format(op, "com.atproto.identity.resolveHandle?handle=%s", mentiond_escape(op, handle)));
        if (r == MENTIOND_OK && *mj_str(answer, "did"))
                add(facets, at - text, at - text + (int64_t) n, "app.bsky.richtext.facet#mention", "did", mj_str(answer, "did"));
        return r == MENTIOND_GONE || r == MENTIOND_REJECTED ? MENTIOND_OK : r;
}

int bluesky_facets(struct mentiond_op *op, struct bluesky *b, const char *text, struct json_object *ret)
{
        static const char host[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-";
        int r = MENTIOND_OK;

        for (const char *s = text; *s && r == MENTIOND_OK; ) {
                size_t front = strncmp(s, "https://", 8) == 0 ? 8 : strncmp(s, "http://", 7) == 0 ? 7 : 0, n = 1;

                if (front && strcspn(s, " \t\n<>\"") > front) {
                        n = trim(s, strcspn(s, " \t\n<>\""));
                        if (n > front)
                                add(ret, s - text, s - text + (int64_t) n, "app.bsky.richtext.facet#link", "uri",
                                    mentiond_format(op, "%.*s", (int) n, s));
                } else if (*s == '@' && is_start(text, s)) {
                        n = trim(s, 1 + strspn(s + 1, host));
                        if (memchr(s, '.', n))
                                r = add_name(op, b, ret, text, s, n);
                } else if (*s == '#' && is_start(text, s)) {
                        const char *tag;

                        n = trim(s, strcspn(s, " \t\n"));
                        tag = mentiond_format(op, "%.*s", n ? (int) n - 1 : 0, s + 1);
                        if (tag[strspn(tag, "0123456789#")] && mentiond_length(tag, MENTIOND_GRAPHEMES) <= TAG_MAX)
                                add(ret, s - text, s - text + (int64_t) n, "app.bsky.richtext.facet#tag", "tag", tag);
                }
                s += n ? n : 1;
        }
        return r;
}
