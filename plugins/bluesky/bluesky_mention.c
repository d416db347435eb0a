/* SPDX-License-Identifier: MIT
 *
 * Channel "bluesky": what a post is, from the network's words to ours.  Owns nothing.
 */
#include "bluesky.h"

#define FACETS_MAX 256                   /* that are looked at: a text has 300 characters */
#define LABELS_MAX 16
#define MEDIA_MAX 20

struct bluesky_uri bluesky_split(struct mentiond_op *op, const char *uri)
{
        char *did = mentiond_format(op, "%s", strncmp(uri, "at://", 5) == 0 ? uri + 5 : "");
        char *collection = strchr(did, '/'), *rkey = collection ? strchr(collection + 1, '/') : NULL;

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

/* Apps shorten links; where they lead, facets say. */
static const char *text_of(struct mentiond_op *op, struct json_object *record)
{
        struct mentiond_span *links = mentiond_alloc(op, FACETS_MAX * sizeof(*links));
        struct json_object *facet, *feature;
        uint32_t n = 0;

        MJ_EACH(facet, mj_get(record, "facets"))
                MJ_EACH(feature, mj_get(facet, "features"))
                        if (*mj_str(feature, "uri") && n < FACETS_MAX)
                                links[n++] = (struct mentiond_span) {
                                        .struct_size = sizeof(*links), .url = mj_str(feature, "uri"),
                                        .from = mj_int(mj_get(facet, "index"), "byteStart", -1),
                                        .to = mj_int(mj_get(facet, "index"), "byteEnd", -1),
                                };
        return mentiond_show_links(op, mj_str(record, "text"), links, n);
}

/* What of an embed is shown: one that quotes a post has its pictures, or its card, apart. */
static struct json_object *shown_of(struct json_object *embed)
{
        return mj_get(embed, "media") ? mj_get(embed, "media") : embed;
}

/* With what is put below it: a card, and the post that it quotes. */
static const char *body_of(struct mentiond_op *op, struct json_object *record)
{
        struct json_object *embed = mj_get(record, "embed"), *inner = mj_get(embed, "record");
        const char *text = text_of(op, record), *card = mj_str(mj_get(shown_of(embed), "external"), "uri");
        const char *quoted = mj_str(mj_get(inner, "record") ? mj_get(inner, "record") : inner, "uri");

        if (*card && !strstr(text, card))
                text = mentiond_format(op, "%s\n\n%s", text, card);
        return *quoted ? mentiond_format(op, "%s\n\nQuotes: %s", text, bluesky_web(op, quoted)) : text;
}

static const char *labels_of(struct mentiond_op *op, struct json_object *item)
{
        struct json_object *label;
        const char *all = "";

        MJ_EACH(label, mj_get(item, "labels"))
                if (label_at < LABELS_MAX && !mj_true(label, "neg") && *mj_str(label, "val"))
                        all = mentiond_format(op, "%s%s%s", all, *all ? ", " : "Labelled: ", mj_str(label, "val"));
        return all;
}

/* Of a record, what its view would show has no addresses: that there is something is told. */
static struct mentiond_media *media_of(struct mentiond_op *op, struct json_object *embed, uint32_t *ret_n)
{
        struct json_object *view = shown_of(embed), *images = mj_get(view, mj_get(view, "images") ? "images" : "items"), *one;
        struct mentiond_media *media = mentiond_alloc(op, MEDIA_MAX * sizeof(*media));
        bool film = *mj_str(view, "playlist") || mj_get(view, "video");

        MJ_EACH(one, film ? mentiond_json(op, "[%p]", view) : images)
                if (*ret_n < MEDIA_MAX)
                        media[(*ret_n)++] = (struct mentiond_media) {
                                .struct_size = sizeof(*media), .description = mj_str(one, "alt"),
                                .url = mj_str(one, film ? "thumbnail" : "fullsize"),
                                .type = film ? "a picture of a video" : "image",
                        };
        return media;
}

static struct mentiond_author *author_of(struct mentiond_op *op, struct json_object *profile)
{

        struct mentiond_author *author = MENTIOND_NEW(op, struct mentiond_author,
                .id = mj_str(profile, "did"), .name = mj_str(profile, "displayName"),
                .handle = mentiond_format(op, "@%s", mj_str(profile, "handle")),
                .url = mentiond_format(op, "https://bsky.app/profile/%s", mj_str(profile, "did")),
                .followers = -1, .created_usec = mentiond_parse_time(mj_str(profile, "createdAt")));
        if (mj_is(mj_get(profile, "verification"), "verifiedStatus", "valid"))
                author->flags |= MENTIOND_VERIFIED;
        if (mj_find(mj_get(profile, "labels"), "val", "bot"))
                author->flags |= MENTIOND_BOT;
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
        struct json_object *record = mj_get(view ? view : item, "record");
        const char *id = mj_str(item, "uri"), *parent = mj_str(mj_get(mj_get(record, "reply"), "parent"), "uri");

        struct mentiond_mention *mention = MENTIOND_NEW(op, struct mentiond_mention,
                .visibility = MENTIOND_PUBLIC,
                .kind = mj_is(item, "reason", "mention") ? MENTIOND_MENTION
                        : mj_is(item, "reason", "quote") ? MENTIOND_QUOTE
                                                         : MENTIOND_COMMENT,
                .id = id, .parent = parent, .root = *parent ? "" : id, .url = bluesky_web(op, id),
                .author = author_of(op, mj_get(item, "author")),
                .text = body_of(op, record), .language = mj_str_at(mj_get(record, "langs"), 0),
                .warning = labels_of(op, view ? view : item),
                .created_usec = written_usec(record, item), .seen_usec = mentiond_parse_time(mj_str(item, "indexedAt")),
                .reply_right = bluesky_objection(view) ? MENTIOND_REPLY_NEVER : MENTIOND_MAY_REPLY,
                .reply_reason = bluesky_objection(view));
        mention->media = media_of(op, mj_get(view ? view : record, "embed"), &mention->n_media);
        return mention;
}
