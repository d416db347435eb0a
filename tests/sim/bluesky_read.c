/* SPDX-License-Identifier: MIT
 *
 * The model of Bluesky: what the app shows, which is neither all nor at once.  Owns what of the last page of notifications was looked
 * at.
 */
#include "bluesky.h"

#define TOGETHER_MAX 25
#define NODE "app.bsky.feed.defs#"

/* --- Records and views --- */

static struct json_object *reference(int status)
{
        struct json_object *o = json_object_new_object();

        mj_put_str(o, "uri", social.statuses[status].id);
        put_owned(o, "cid", sky_cid(status));
        return o;
}

static void add_named(struct json_object *record, const char *text)
{
        struct json_object *facets = json_object_new_array(), *facet = json_object_new_object(), *index = json_object_new_object();
        struct json_object *features = json_object_new_array(), *feature = json_object_new_object();

        mj_put_int(index, "byteStart", 0);
        mj_put_int(index, "byteEnd", (int64_t) strcspn(text, " "));
        mj_put_str(feature, "$type", "app.bsky.richtext.facet#mention");
        put_owned(feature, "did", sky_did(BRAND));
        (void) json_object_array_add(features, feature);
        json_object_object_add(facet, "index", index);
        json_object_object_add(facet, "features", features);
        (void) json_object_array_add(facets, facet);
        json_object_object_add(record, "facets", facets);
}

/* As views show them, or as the record has them, without an address. */
static struct json_object *images(const struct status *s, bool shown)
{
        struct json_object *o = json_object_new_object(), *list = json_object_new_array(), *image, *blob;

        for (int k = 0; k < s->n_media; k++) {
                image = json_object_new_object();
                mj_put_str(image, "alt", k ? "a parcel" : "");
                if (shown) {
                        put_owned(image, "fullsize", media_url(s->media + k));
                        put_owned(image, "thumb", media_url(s->media + k));
                } else {
                        blob = json_object_new_object();
                        mj_put_str(blob, "$type", "blob");
                        mj_put_str(blob, "mimeType", "image/png");
                        json_object_object_add(image, "image", blob);
                }
                (void) json_object_array_add(list, image);
        }
        mj_put_str(o, "$type", shown ? "app.bsky.embed.images#view" : "app.bsky.embed.images");
        json_object_object_add(o, "images", list);
        return o;
}

/* As its author's app wrote it. */
struct json_object *sky_record(int status)
{
        const struct status *s = &social.statuses[status];
        const struct sky_post *p = sky_at(status);
        struct json_object *o, *langs, *reply, *embed;

        if (p->record && !s->n_versions)
                return json_tokener_parse(p->record);
        o = json_object_new_object();
        langs = json_object_new_array();
        mj_put_str(o, "$type", SKY_POST);
        mj_put_str(o, "text", s->text);
        put_owned(o, "createdAt", sky_time(p->claimed));
        (void) json_object_array_add(langs, json_object_new_string("en"));
        json_object_object_add(o, "langs", langs);
        if (p->named)
                add_named(o, s->text);
        if (s->parent >= 0) {
                reply = json_object_new_object();
                json_object_object_add(reply, "root", reference(s->root));
                json_object_object_add(reply, "parent", reference(s->parent));
                json_object_object_add(o, "reply", reply);
        }
        if (p->quoted >= 0) {
                embed = json_object_new_object();
                mj_put_str(embed, "$type", "app.bsky.embed.record");
                json_object_object_add(embed, "record", reference(p->quoted));
                if (s->n_media) {
                        struct json_object *both = json_object_new_object();

                        mj_put_str(both, "$type", "app.bsky.embed.recordWithMedia");
                        json_object_object_add(both, "record", embed);
                        json_object_object_add(both, "media", images(s, false));
                        embed = both;
                }
                json_object_object_add(o, "embed", embed);
        } else if (s->n_media) {
                json_object_object_add(o, "embed", images(s, false));
        }
        return o;
}

static char *handle_of_account(int account)
{
        char *handle = xasprintf("%s.example", accounts[account].acct);

        for (char *c = handle; *c; c++)
                *c = *c == '@' ? '.' : *c == '_' ? '-' : *c;
        return handle;
}

static struct json_object *author(int account)
{
        struct json_object *o = json_object_new_object(), *viewer = json_object_new_object(), *labels = json_object_new_array(), *label;

        put_owned(o, "did", sky_did(account));
        put_owned(o, "handle", handle_of_account(account));
        mj_put_str(o, "displayName", accounts[account].name);
        mj_put_bool(viewer, "muted", false);
        mj_put_bool(viewer, "blockedBy", false);
        json_object_object_add(o, "viewer", viewer);
        if (accounts[account].bot) {
                label = json_object_new_object();
                mj_put_str(label, "val", "bot");
                (void) json_object_array_add(labels, label);
        }
        json_object_object_add(o, "labels", labels);
        mj_put_str(o, "createdAt", "2023-05-01T00:00:00.000Z");
        return o;
}

static bool may_answer(int status)
{
        return !sky_at(social.statuses[status].root)->gated;
}

static struct json_object *view(int status)
{
        const struct status *s = &social.statuses[status];
        struct json_object *o = json_object_new_object(), *viewer = json_object_new_object();

        mj_put_str(o, "uri", s->id);
        put_owned(o, "cid", sky_cid(status));
        json_object_object_add(o, "author", author(s->account));
        json_object_object_add(o, "record", sky_record(status));
        put_owned(o, "indexedAt", sky_time(sky_listed(status)));
        json_object_object_add(o, "labels", json_object_new_array());
        if (s->n_media)
                json_object_object_add(o, "embed", images(s, true));
        if (!may_answer(status))
                mj_put_bool(viewer, "replyDisabled", true);
        put_owned(viewer, "like", s->liked ? xasprintf("at://like/%d", status) : NULL);
        put_owned(viewer, "repost", s->boosted ? xasprintf("at://repost/%d", status) : NULL);
        json_object_object_add(o, "viewer", viewer);
        return o;
}

/* --- Notifications --- */

/* Those of the page that was read last, and whether the daemon learned how they look: before it has, it has not taken them. */
static int *last_page, n_last_page;
static bool looked_well;

void sky_looked(bool well)
{
        looked_well &= well;
}

static void end_page(void)
{
        for (int i = 0; looked_well && i < n_last_page; i++)
                social.notifications[last_page[i]].looked = true;
        n_last_page = 0;
}

static void on_page(int page)
{
        shown_delivered(page);
        looked_well = true;
}

/* Nobody is told of an answer below the fourth level, and of some others. */
static bool is_listed(int i, int network)
{
        struct notification *n = &social.notifications[i];

        if (n->status >= 0 && n->network == network && sky_at(n->status)->untold)
                n->optional = true;
        return n->network == network && n->visible <= sim.now && !n->gone &&
               (n->status < 0 || (!sky_at(n->status)->untold && !sky_blocks(social.statuses[n->status].account)));
}

static int64_t time_of(int i)
{
        const struct notification *n = &social.notifications[i];

        return n->status < 0 ? n->created - n->created % 1000 : sky_listed(n->status);
}

static int newer_first(const void *a, const void *b)
{
        int64_t x = time_of(*(const int *) a), y = time_of(*(const int *) b);

        return x != y ? (x < y) - (x > y) : (*(const int *) a < *(const int *) b) - (*(const int *) a > *(const int *) b);
}

static struct json_object *item(int status)
{
        struct json_object *o = json_object_new_object();

        mj_put_str(o, "uri", social.statuses[status].id);
        put_owned(o, "cid", sky_cid(status));
        json_object_object_add(o, "author", author(social.statuses[status].account));
        mj_put_str(o, "reason", sky_at(status)->named ? "mention" : sky_at(status)->quoted >= 0 ? "quote" : "reply");
        json_object_object_add(o, "record", sky_record(status));
        mj_put_bool(o, "isRead", true);
        put_owned(o, "indexedAt", sky_time(sky_listed(status)));
        json_object_object_add(o, "labels", json_object_new_array());
        return o;
}

/* The cursor is the time of the last, and what it leads to is older.  What is of another kind counts, and is left out. */
struct answer sky_notifications(const struct request *q)
{
        _cleanup_free_ char *wanted = sky_parameter(q->query, "limit", 0), *cursor = sky_parameter(q->query, "cursor", 0);
        _cleanup_free_ int *all = xcalloc((size_t) social.n_notifications + 1, sizeof(int)), *shown = NULL;
        struct json_object *o = json_object_new_object(), *list = json_object_new_array();
        int n = 0, from = 0, max = MIN(atoi(wanted), social.networks[q->server].page), n_shown = 0;
        struct answer a;

        end_page();
        if (!*cursor)
                shown_poll(q->server);
        for (int i = 0; i < social.n_notifications; i++)
                if (is_listed(i, q->server))
                        all[n++] = i;
        qsort(all, (size_t) n, sizeof(int), newer_first);
        while (*cursor && from < n) {
                _cleanup_free_ char *at = sky_time(time_of(all[from]));

                if (strcmp(at, cursor) < 0)
                        break;
                from++;
        }
        shown = xcalloc((size_t) max + 1, sizeof(int));
        for (int i = from; i < n && i < from + max; i++)
                if (social.notifications[all[i]].status >= 0) {
                        (void) json_object_array_add(list, item(social.notifications[all[i]].status));
                        shown[n_shown++] = all[i];
                }
        if (from + max <= n) {
                put_owned(o, "cursor", sky_time(time_of(all[from + max - 1])));
                if (n_shown < max)
                        happened(n_shown ? SHORT_PAGE : EMPTY_PAGE);
                if (from + max < n && time_of(all[from + max]) == time_of(all[from + max - 1]))
                        happened(SPLIT_MOMENT);
        }
        json_object_object_add(o, "notifications", list);
        mj_put_bool(o, "priority", false);
        a = sky_reply(o);
        if (!n_shown)
                return a;
        last_page = xrealloc(last_page, (size_t) (n_shown + 1) * sizeof(int));
        memcpy(last_page, shown, (size_t) n_shown * sizeof(int));
        n_last_page = n_shown;
        looked_well = false;             /* until it is there */
        a.delivered = shown_page(shown, n_shown);
        a.on_delivery = on_page;
        return a;
}

/* --- Posts --- */

/* The account's server has it, and the app does not. */
static bool is_own_early(int i)
{
        return i >= 0 && social.statuses[i].account == BRAND && !social.statuses[i].deleted && !sky_is_shown(i);
}

static bool is_visible(int i)
{
        return i >= 0 && sky_is_shown(i) && !sky_blocks(social.statuses[i].account);
}

struct answer sky_posts(const struct request *q)
{
        struct json_object *o = json_object_new_object(), *list = json_object_new_array();
        int n = 0;

        for (;; n++) {
                _cleanup_free_ char *uri = sky_parameter(q->query, "uris", n);
                int i = sky_find(q->server, uri);

                if (!*uri)
                        break;
                if (is_visible(i))
                        (void) json_object_array_add(list, view(i));
                else if (is_own_early(i))
                        happened(READ_TOO_EARLY);
        }
        json_object_object_add(o, "posts", list);
        if (n > 0 && n <= TOGETHER_MAX)
                return sky_reply(o);
        (void) json_object_put(o);
        return sky_refuse(400, "InvalidRequest", "Invalid app.bsky.feed.getPosts params: array too big (maximum 25)");
}

static struct json_object *missing(int i, const char *kind, const char *flag)
{
        struct json_object *o = json_object_new_object();

        put_owned(o, "$type", xasprintf(NODE "%s", kind));
        mj_put_str(o, "uri", social.statuses[i].id);
        mj_put_bool(o, flag, true);
        return o;
}

/* The account's own server puts in what the app does not have yet. */
static struct json_object *node(int i, int depth, int height)
{
        const struct status *s = &social.statuses[i];
        struct json_object *o, *replies;

        if (s->deleted || (!sky_is_shown(i) && s->account != BRAND))
                return missing(i, "notFoundPost", "notFound");
        if (is_own_early(i))
                happened(READ_TOO_EARLY);
        if (sky_blocks(s->account))
                return missing(i, "blockedPost", "blocked");
        o = json_object_new_object();
        mj_put_str(o, "$type", NODE "threadViewPost");
        json_object_object_add(o, "post", view(i));
        if (s->parent >= 0 && height)
                json_object_object_add(o, "parent", node(s->parent, 0, height - 1));
        if (!depth)
                return o;
        replies = json_object_new_array();
        for (int k = i + 1; k < social.n_statuses; k++)
                if (social.statuses[k].parent == i && !social.statuses[k].deleted && !sky_at(k)->unlawful &&
                    (sky_is_shown(k) || social.statuses[k].account == BRAND))
                        (void) json_object_array_add(replies, node(k, depth - 1, 0));
        json_object_object_add(o, "replies", replies);
        return o;
}

struct answer sky_thread(const struct request *q)
{
        _cleanup_free_ char *uri = sky_parameter(q->query, "uri", 0), *depth = sky_parameter(q->query, "depth", 0);
        _cleanup_free_ char *height = sky_parameter(q->query, "parentHeight", 0);
        struct json_object *o;
        int i = sky_find(q->server, uri);

        if (i < 0 || social.statuses[i].deleted || (!sky_is_shown(i) && social.statuses[i].account != BRAND))
                return sky_refuse(400, "NotFound", "Post not found");
        o = json_object_new_object();
        json_object_object_add(o, "thread", node(i, *depth ? atoi(depth) : 6, *height ? atoi(height) : 80));
        return sky_reply(o);
}
