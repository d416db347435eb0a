/* SPDX-License-Identifier: MIT
 *
 * The kind of network that is a site's feed: RSS with conditional GET, which shows its newest items and can only be watched.  Its lies:
 * a cache that gives an older document for some time, items dated long ago, items in any order, one that stands twice, and an
 * address that leads to a page for people.  Owns what the cache holds.
 */
#include "social.h"

#include "base/buffer.h"

#include <libxml/parser.h>
#include <time.h>

#define SHOWN 40                         /* items; what is older has gone from the feed */

static struct document {
        char *text, *tag;
        int *shown, n;
} cached;
static int64_t cached_until;

/* What the library makes once for the process is not the daemon's. */
static void open_library(void)
{
        xmlInitParser();
        xmlFreeDoc(xmlParseMemory("<a/>", 4));
}

static char *id(int network _unused_, int number)
{
        return xasprintf("tag:feed.example,2026:%d", number * 7);
}

static char *handle(int network _unused_, int account _unused_)
{
        return xstrdup("");
}

static char *settings(int network)
{
        return xasprintf("plugin = \"feed\"; url = \"https://%s/all.xml\";", social.networks[network].host);
}

static int find(int network, const char *wanted)
{
        for (int i = 0; i < social.n_statuses; i++)
                if (social.statuses[i].network == network && streq(social.statuses[i].id, wanted))
                        return i;
        return -1;
}

/* --- The document --- */

static void put_escaped(struct buffer *b, const char *text)
{
        for (const char *p = text; *p; p++)
                if (*p == '\n')
                        (void) buffer_append_str(b, "<br/>");
                else if (strchr("<>&", *p))
                        (void) buffer_printf(b, "&#%d;", *p);
                else
                        (void) buffer_append(b, p, 1);
}

static void put_item(struct buffer *b, int i)
{
        const struct status *s = &social.statuses[i];
        int64_t written = s->created - (s->created % 11 == 0 ? 40 * USEC_PER_DAY : 0);
        time_t at = (time_t) (written / USEC_PER_SEC);
        char date[64];
        struct tm tm;

        (void) gmtime_r(&at, &tm);
        (void) strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        if (s->created % 11 == 0)
                happened(FEED_DATED_BACK);
        (void) buffer_printf(b, "<item><title>News</title><guid isPermaLink=\"false\">%s</guid><link>https://feed.example/%d</link><pubDate>%s</pubDate>"
                             "<dc:creator>", s->id, i, date);
        put_escaped(b, accounts[s->account].acct);
        (void) buffer_append_str(b, "</dc:creator><description><![CDATA[");
        put_escaped(b, s->text);
        (void) buffer_append_str(b, "]]></description></item>\n");
}

/* The items that it has now; newest first, unless the site thinks otherwise. */
static struct document make(int network)
{
        struct document d = { .shown = xcalloc(SHOWN, sizeof(int)) };
        struct buffer b = { .max = 16 << 20 };
        uint64_t sum = UINT64_C(14695981039346656037);

        for (int i = social.n_notifications - 1; i >= 0; i--) {
                struct notification *n = &social.notifications[i];

                if (n->network != network || n->status < 0 || n->visible > sim.now || n->gone || n->dropped_out)
                        continue;
                if (d.n == SHOWN)
                        n->dropped_out = true;
                else
                        d.shown[d.n++] = i;
        }
        (void) buffer_append_str(&b, "<rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel><title>News</title>");
        for (int k = 0; k < d.n; k++) {
                int at = d.n > 2 && d.shown[0] % 5 == 0 ? d.n - 1 - k : k;

                put_item(&b, social.notifications[d.shown[at]].status);
                if (d.shown[at] % 9 == 0) {
                        put_item(&b, social.notifications[d.shown[at]].status);
                        happened(FEED_TWICE);
                }
        }
        (void) buffer_append_str(&b, "</channel></rss>");
        d.text = buffer_take(&b);
        for (const char *p = d.text; *p; p++)
                sum = (sum ^ (unsigned char) *p) * UINT64_C(1099511628211);
        d.tag = xasprintf("\"%016llx\"", (unsigned long long) sum);
        return d;
}

/* What a cache before the site holds, for some minutes, is as good to it. */
static const struct document *document(int network)
{
        struct document d;

        if (cached.text && sim.now < cached_until) {
                happened(FEED_STALE);
                return &cached;
        }
        d = make(network);
        if (sim.faults && chance(R_NET, 200))
                cached_until = sim.now + around(R_NET, 3 * USEC_PER_MINUTE);
        free(cached.text);
        free(cached.tag);
        free(cached.shown);
        cached = d;
        return &cached;
}

/* --- Answers --- */

static struct answer answer(const struct request *q)
{
        const struct document *d;
        struct answer a = { .status = 200 };

        if (!streq(q->method, "GET") || !streq(q->path, "/all.xml"))
                return (struct answer) { .status = 404, .text = xstrdup("") };
        if (social.networks[q->server].revoked || (sim.faults && chance(R_NET, 20))) {
                happened(FEED_MOVED);
                return (struct answer) {
                        .status = 302, .text = xstrdup(""), .headers = xstrdup("Location: https://feed.example/please-log-in\r\n"),
                };
        }
        bool polls = daemon_is_running(social.networks[q->server].name);      /* it looks at its start, too, and files nothing */
        if (polls)
                shown_poll(q->server);
        d = document(q->server);
        a.headers = xasprintf("ETag: %s\r\nContent-Type: application/rss+xml\r\n", d->tag);
        if (streq(q->tag, d->tag)) {
                happened(FEED_UNCHANGED);
                a.status = 304;
                a.text = xstrdup("");
                return a;
        }
        a.text = xstrdup(d->text);
        if (polls) {
                a.delivered = shown_page(d->shown, d->n);
                a.on_delivery = shown_delivered;
        }
        return a;
}

static void on_fault(const struct request *q _unused_)
{
}

const struct network_kind feed_kind = {
        .name = "feed", .host = "feed.example", .visibilities = "u", .open = open_library, .settings = settings, .id = id, .handle = handle, .answer = answer,
        .on_fault = on_fault, .find = find, .window = SHOWN, .in_seconds = true, .hears_all = true, .is_watched = true, .hides_edits = true,
        .hides_deletions = true, .hides_own = true,
};
