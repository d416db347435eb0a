/* SPDX-License-Identifier: MIT
 *
 * Channel "bluesky": what a post is, from the network's words to ours.  Owns nothing.
 */
#include "bluesky.h"

#define LINKS_MAX 64                     /* of one post, of which the targets are shown */
#define FACETS_MAX 256                   /* that are looked at: a text has 300 characters */
#define FRONT_MAX 12                     /* "https://www.", which apps leave out of a link's text */

struct bluesky_uri bluesky_split(struct mentiond_op *op, const char *uri)
{
        char *did, *collection, *rkey;

        if (strncmp(uri, "at://", 5) != 0)
                return (struct bluesky_uri) { "", "", "" };
        did = mentiond_format(op, "%s", uri + 5);
        collection = strchr(did, '/');
        rkey = collection ? strchr(collection + 1, '/') : NULL;
        if (!rkey)
                return (struct bluesky_uri) { "", "", "" };
        *collection++ = *rkey++ = '\0';
        return (struct bluesky_uri) { did, collection, rkey };
}

const char *bluesky_web(struct mentiond_op *op, const char *uri)
{
        struct bluesky_uri u = bluesky_split(op, uri);

        return strcmp(u.collection, BLUESKY_POST) == 0 ? mentiond_format(op, "https://bsky.app/profile/%s/post/%s", u.did, u.rkey)
                                                       : uri;
}

bool bluesky_is_own(struct mentiond_op *op, const char *uri)
{
        return strcmp(bluesky_split(op, uri).did, mentiond_self(op)) == 0;
}

struct json_object *bluesky_root(struct json_object *record)
{
        struct json_object *root = mj_get(mj_get(record, "reply"), "root");

        return *mj_str(root, "uri") ? root : NULL;
}

const char *bluesky_objection(struct json_object *view)
{
        struct json_object *author = mj_get(mj_get(view, "author"), "viewer");

        if (mj_true(author, "blockedBy"))
                return "its author has blocked the account";
        if (*mj_str(author, "blocking"))
                return "the account has blocked its author";
        if (mj_true(mj_get(view, "viewer"), "replyDisabled"))
                return "who began the conversation lets only some people answer in it";
        return NULL;
}

/* --- The text --- */

static const char *link_of(struct json_object *facet)
{
        struct json_object *features = mj_get(facet, "features");

        for (size_t i = 0; i < mj_len(features); i++)
                if (*mj_str(mj_at(features, i), "uri"))
                        return mj_str(mj_at(features, i), "uri");
        return "";
}

static bool is_boundary(const char *text, int64_t at)
{
        return ((unsigned char) text[at] & 0xc0) != 0x80;
}

/* Apps shorten links: "example.com/a-lo..." is shown as its target is. */
static bool is_short_for(struct mentiond_op *op, const char *shown, const char *uri)
{
        static const char *const ends[] = { "...", "\xe2\x80\xa6" };
        size_t size = strlen(shown), n;
        const char *at;

        for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
                n = strlen(ends[i]);
                if (size > n && strcmp(shown + size - n, ends[i]) == 0)
                        size -= n;
        }
        at = strstr(uri, mentiond_format(op, "%.*s", (int) size, shown));
        return at && at - uri <= FRONT_MAX;
}

/* Offsets are bytes, and nobody has checked them. */
static const char *text_of(struct mentiond_op *op, struct json_object *record)
{
        const char *text = mj_str(record, "text"), *out = "";
        struct json_object *facets = mj_get(record, "facets");
        int64_t size = (int64_t) strlen(text), at = 0;

        for (unsigned n = 0; n < LINKS_MAX; n++) {
                int64_t from = INT64_MAX, to = 0;
                const char *uri = "";

                for (size_t i = 0; i < mj_len(facets) && i < FACETS_MAX; i++) {
                        struct json_object *index = mj_get(mj_at(facets, i), "index");
                        int64_t start = mj_int(index, "byteStart", -1), end = mj_int(index, "byteEnd", -1);

                        if (start < at || start >= from || end <= start || end > size || !is_boundary(text, start)
                            || !is_boundary(text, end) || !*link_of(mj_at(facets, i)))
                                continue;
                        from = start;
                        to = end;
                        uri = link_of(mj_at(facets, i));
                }
                if (!*uri)
                        break;
                if (is_short_for(op, mentiond_format(op, "%.*s", (int) (to - from), text + from), uri))
                        out = mentiond_format(op, "%s%.*s%s", out, (int) (from - at), text + at, uri);
                else
                        out = mentiond_format(op, "%s%.*s (%s)", out, (int) (to - at), text + at, uri);
                at = to;
        }
        return mentiond_format(op, "%s%s", out, text + at);
}

/* With what is put below it: a card, and the post that it quotes. */
static const char *body_of(struct mentiond_op *op, struct json_object *record)
{
        const char *text = text_of(op, record), *quoted;
        struct json_object *embed = mj_get(record, "embed"), *media = mj_get(embed, "media"), *inner = mj_get(embed, "record");
        const char *card = mj_str(mj_get(media ? media : embed, "external"), "uri");

        quoted = mj_str(mj_get(inner, "record") ? mj_get(inner, "record") : inner, "uri");
        if (*card && !strstr(text, card))
                text = mentiond_format(op, "%s\n\n%s", text, card);
        return *quoted ? mentiond_format(op, "%s\n\nQuotes: %s", text, bluesky_web(op, quoted)) : text;
}

static const char *labels_of(struct mentiond_op *op, struct json_object *item)
{
        struct json_object *labels = mj_get(item, "labels");
        const char *all = "";

        for (size_t i = 0; i < mj_len(labels) && i < 16; i++)
                if (!mj_true(mj_at(labels, i), "neg") && *mj_str(mj_at(labels, i), "val"))
                        all = mentiond_format(op, "%s%s%s", all, *all ? ", " : "Labelled: ", mj_str(mj_at(labels, i), "val"));
        return all;
}

/* --- The rest --- */

static uint32_t media_of(struct mentiond_op *op, struct json_object *embed, struct mentiond_media **ret)
{
        struct json_object *view = mj_get(embed, "media") ? mj_get(embed, "media") : embed;
        struct json_object *images = mj_get(view, "images") ? mj_get(view, "images") : mj_get(view, "items");
        bool film = *mj_str(view, "playlist");
        uint32_t n = film ? 1 : (uint32_t) (mj_len(images) < 20 ? mj_len(images) : 20);

        *ret = mentiond_alloc(op, (n + 1) * sizeof(**ret));
        for (uint32_t i = 0; i < n; i++) {
                struct json_object *one = film ? view : mj_at(images, i);

                (*ret)[i] = (struct mentiond_media) {
                        .struct_size = sizeof(**ret),
                        .url = mj_str(one, film ? "thumbnail" : "fullsize"),
                        .type = film ? "a picture of a video" : "image",
                        .description = mj_str(one, "alt"),
                };
        }
        return n;
}

static struct mentiond_author *author_of(struct mentiond_op *op, struct json_object *profile)
{
        struct mentiond_author *author = mentiond_alloc(op, sizeof(*author));
        struct json_object *labels = mj_get(profile, "labels"), *verification = mj_get(profile, "verification");
        uint32_t flags = strcmp(mj_str(verification, "verifiedStatus"), "valid") == 0 ? MENTIOND_VERIFIED : 0;

        for (size_t i = 0; i < mj_len(labels); i++)
                if (strcmp(mj_str(mj_at(labels, i), "val"), "bot") == 0)
                        flags |= MENTIOND_BOT;
        *author = (struct mentiond_author) {
                .struct_size = sizeof(*author),
                .flags = flags,
                .id = mj_str(profile, "did"),
                .handle = mentiond_format(op, "@%s", mj_str(profile, "handle")),
                .name = mj_str(profile, "displayName"),
                .url = mentiond_format(op, "https://bsky.app/profile/%s", mj_str(profile, "did")),
                .followers = -1,
                .created_usec = mentiond_parse_time(mj_str(profile, "createdAt")),
        };
        return author;
}

/* By the author's word, who may write any time: one that lies ahead of the network's would be the newest for ever. */
static int64_t written_usec(struct json_object *record, struct json_object *item)
{
        int64_t said = mentiond_parse_time(mj_str(record, "createdAt")), there = mentiond_parse_time(mj_str(item, "indexedAt"));

        return there && there < said ? there : said;
}

struct mentiond_mention *bluesky_mention(struct mentiond_op *op, struct json_object *item, struct json_object *view)
{
        struct mentiond_mention *mention = mentiond_alloc(op, sizeof(*mention));
        struct json_object *record = mj_get(view ? view : item, "record"), *langs = mj_get(record, "langs");
        const char *id = mj_str(item, "uri"), *reason = mj_str(item, "reason"), *why = bluesky_objection(view);
        struct mentiond_media *media;

        *mention = (struct mentiond_mention) {
                .struct_size = sizeof(*mention),
                .kind = strcmp(reason, "mention") == 0 ? MENTIOND_MENTION
                        : strcmp(reason, "quote") == 0 ? MENTIOND_QUOTE
                                                       : MENTIOND_COMMENT,
                .visibility = MENTIOND_PUBLIC,
                .id = id,
                .parent = mj_str(mj_get(mj_get(record, "reply"), "parent"), "uri"),
                .url = bluesky_web(op, id),
                .text = body_of(op, record),
                .warning = labels_of(op, view ? view : item),
                .language = json_object_is_type(mj_at(langs, 0), json_type_string) ? json_object_get_string(mj_at(langs, 0)) : "",
                .created_usec = written_usec(record, item),
                .seen_usec = mentiond_parse_time(mj_str(item, "indexedAt")),
                .author = author_of(op, mj_get(item, "author")),
                .reply_right = why ? MENTIOND_REPLY_NEVER : MENTIOND_MAY_REPLY,
                .reply_reason = why,
        };
        mention->root = *mention->parent ? "" : id;
        mention->n_media = media_of(op, mj_get(view, "embed"), &media);
        mention->media = media;
        return mention;
}
