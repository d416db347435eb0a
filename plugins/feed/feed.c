/* SPDX-License-Identifier: MIT
 *
 * Channel "feed": RSS 2.0, RSS 1.0 and Atom, which can only be watched.  Manual: mentiond-feed(5).
 *
 * It is the example for who writes a channel, and so says more than other files do.  What a plugin has to decide is here: what a
 * network's items are called, who wrote them, and what its answers mean.  Journal, repeats, retries and tickets are the host's.
 */
#include "feed.h"

#include <mentiond/json.h>

#include <string.h>

#define ID_MAX 900                       /* bytes; the host takes 1024 */
#define FUTURE_USEC (INT64_C(24) * 3600 * 1000000)       /* what is dated later than that is dated wrongly */

/* One for each channel of this plugin: allocated by the host, and filled from the options. */
struct feed {
        const char *url;
        int64_t size_max;
};

static const struct mentiond_option options[] = {
        MENTIOND_OPTION(struct feed, url, "url", MENTIOND_URL,
                        .help = "Address of the feed itself", .flags = MENTIOND_REQUIRED | MENTIOND_WHOLE_URL),
        MENTIOND_OPTION(struct feed, size_max, "size_max", MENTIOND_SIZE,
                        .help = "A feed that is larger is not read", .default_value = "8M", .min = 1024, .max = 64 * 1024 * 1024),
        { .name = NULL },
};

/* OK without items: the feed is as it was.  A request that failed has a verdict and a reason already.  GONE and the like are
 * about one item, but here it is all of them: a person looks, and meanwhile it is tried again. */
static int get(struct mentiond_op *op, const struct feed *f, const char *const *headers, struct mentiond_response *response,
               struct feed_list *ret)
{
        struct mentiond_request request = {
                .struct_size = sizeof request, .path = f->url, .headers = headers, .max_reply = (uint64_t) f->size_max,
        };
        int r = mentiond_http(op, &request, response);   /* waits, and meanwhile the daemon does other things */

        if (response->status == 304 && *headers)
                return MENTIOND_OK;
        if (response->status >= 300 && response->status < 400)
                return mentiond_fail(op, MENTIOND_BLOCKED, "the feed has moved to %s: write that as url if it is right",
                                     mentiond_header(op, response, "Location"));
        if (r == MENTIOND_REJECTED || r == MENTIOND_GONE)
                return MENTIOND_BLOCKED;
        return r == MENTIOND_OK ? feed_read(op, f->url, response, ret) : r;
}

/* Called first.  There is nobody to log in as; but that there is a feed can be proved. */
static int start(struct mentiond_op *op, void *state)
{
        struct mentiond_response response = { .struct_size = sizeof response };
        const struct feed *f = state;
        const char *host = strstr(f->url, "://") + 3, *const none[] = { NULL };
        struct feed_list list;

        mentiond_set_self(op, f->url, mentiond_format(op, "%.*s", (int) strcspn(host, "/?#"), host));
        return get(op, f, none, &response, &list);
}

/* --- What names an item.  The journal knows an id for ever: it must be the same each time, whatever else changes --- */

static const char *hash_of(struct mentiond_op *op, const char *text)
{
        return mentiond_hmac(op, MENTIOND_HMAC_SHA256_HEX, "feed", text, strlen(text));
}

/* As the host takes it: not too long, and without blanks. */
static const char *fit(struct mentiond_op *op, const char *name)
{
        size_t n = 0;

        while (n <= ID_MAX && (unsigned char) name[n] > ' ' && name[n] != 0x7f)
                n++;
        return name[n] ? hash_of(op, name) : name;
}

static const char *unless_repeated(struct mentiond_op *op, const char *name)
{
        return *mentiond_cursor(op, mentiond_format(op, "repeated %s", name)) ? "" : name;
}

/* "" if nothing does. */
static const char *name_of(struct mentiond_op *op, const struct feed_item *i)
{
        const char *guid = unless_repeated(op, fit(op, i->guid));

        return *guid ? guid : unless_repeated(op, fit(op, i->link));
}

/* Some feeds have one guid, or one link, for all items.  What two items have names neither any more: the next best does. */
static int learn(struct mentiond_op *op, const struct feed_list *list)
{
        struct json_object *seen = mentiond_json_object(op);
        int r = MENTIOND_OK;

        for (int k = 0; k < list->n && r == MENTIOND_OK; k++) {
                const struct feed_item *i = &list->items[k];
                const char *name = name_of(op, i), *what = mentiond_format(op, "%s\n%s", i->link, i->title);

                if (*name && !mj_get(seen, name))
                        mj_put_str(seen, name, what);
                else if (*name && !mj_is(seen, name, what))
                        mentiond_set_cursor(op, mentiond_format(op, "repeated %s", name), "1");
                r = feed_breathe(op, k);
        }
        return r;
}

/* --- Emitting --- */

static void emit(struct mentiond_op *op, const struct feed_item *i, int64_t now_usec)
{
        const char *html = mentiond_format(op, "<p>%s</p>%s", i->title, i->body), *name = name_of(op, i);
        const char *site = mentiond_self_handle(op);
        const char *handle = *i->author ? mentiond_format(op, "%s at %s", i->author, site) : site;
        struct mentiond_author author = {
                .struct_size = sizeof author, .followers = -1, .id = fit(op, handle), .handle = handle, .name = i->author,
        };
        struct mentiond_mention mention = {
                .struct_size = sizeof mention, .author = &author, .kind = MENTIOND_MENTION, .visibility = MENTIOND_PUBLIC,
                .id = *name ? name : hash_of(op, html), .url = i->link, .html = html,
                .created_usec = i->date_usec <= now_usec + FUTURE_USEC ? i->date_usec : 0,
                .seen_usec = now_usec,   /* what is new may be dated long ago */
        };

        (void) mentiond_emit(op, &mention);      /* that it was there before the journal finds out */
}

static int emit_all(struct mentiond_op *op, const struct feed_list *list, int64_t now_usec)
{
        int r = learn(op, list);                 /* guids */

        if (r == MENTIOND_OK)
                r = learn(op, list);             /* links, where guids do not name */
        for (int k = 0; k < list->n && r == MENTIOND_OK; k++) {
                emit(op, &list->items[k], now_usec);
                r = feed_breathe(op, k);
        }
        return r;
}

/* What was emitted and the cursors are kept together, if this ends with OK; otherwise all of it is read again. */
static int poll(struct mentiond_op *op, void *state)
{
        static const char *const known[][2] = { { "ETag", "If-None-Match" }, { "Last-Modified", "If-Modified-Since" } };
        struct mentiond_response response = { .struct_size = sizeof response };
        const struct feed *f = state;
        const char *headers[3] = { NULL };
        struct feed_list list = { .n = 0 };
        int64_t date_usec;
        int r;

        /* What was said of another address is of no use. */
        for (size_t k = 0, n = 0; k < 2 && strcmp(mentiond_cursor(op, "url"), f->url) == 0; k++)
                if (*mentiond_cursor(op, known[k][0]))
                        headers[n++] = mentiond_format(op, "%s: %s", known[k][1], mentiond_cursor(op, known[k][0]));
        r = get(op, f, headers, &response, &list);
        if (r != MENTIOND_OK || !list.items)
                return r;
        /* By the network's clock, which may not be ours. */
        date_usec = mentiond_parse_time(mentiond_header(op, &response, "Date"));
        r = emit_all(op, &list, date_usec ? date_usec : mentiond_now_usec(op));
        mentiond_set_cursor(op, "url", f->url);
        for (size_t k = 0; k < 2; k++)           /* kept with OK only */
                mentiond_set_cursor(op, known[k][0], mentiond_header(op, &response, known[k][0]));
        return r;
}

static const struct mentiond_channel feed = {
        .head = {
                MENTIOND_PLUGIN_HEAD(MENTIOND_CHANNEL, struct mentiond_channel), .state_size = sizeof(struct feed),
                .name = "feed", .version = "1.0", .summary = "What RSS and Atom feeds show, to be watched", .options = options,
        },
        .start = start, .poll = poll,
};
MENTIOND_CHANNEL_PLUGIN(feed)
