/* SPDX-License-Identifier: MIT
 *
 * The network: accounts on a Mastodon, /m/N/api/v1/...
 *
 * A mention has the members that Mastodon 4.3 sends for a notification, and its size: 3.9 KB, most of them an account
 * that is there twice. */
#include "server.h"

#include <stdlib.h>
#include <string.h>

#define BEGUN_USEC INT64_C(1700000000000000)
#define APART_USEC INT64_C(10000000)     /* between two mentions, so that what a poll sees again is a page */

static struct {
        int64_t shown;
} accounts[ACCOUNTS_MAX];
static struct tally answered;

static const char note[] =
        "<p>Reads, walks, repairs bicycles. Here for the weather, the trains and the people who know about both. "
        "Opinions are borrowed and will be given back. Likes answers that answer something.</p><p>Formerly elsewhere; "
        "the older posts were not moved. Languages: two and a half. No direct messages about parcels, please: there is "
        "a public thread for these, and somebody else may have the same question. Posts vanish after some months, as they"
        " should.</p>";

static const char *words(void)
{
        static char all[TEXT_MAX + 1];

        for (size_t i = 0; !all[TEXT_MAX - 1] && i < TEXT_MAX; i++)
                all[i] = "the parcel has not come yet, and nobody answers; "[i % 49];
        return all;
}

static void add_account(struct text *t, int64_t mention)
{
        int64_t who = mention % 997;

        text_add(t, "{\"id\":\"9%" PRId64 "\",\"username\":\"u%" PRId64 "\",\"acct\":\"u%" PRId64 "@social.example\","
                 "\"display_name\":\"Person %" PRId64 "\",\"locked\":false,\"bot\":false,\"discoverable\":true,"
                 "\"indexable\":false,\"group\":false,\"created_at\":\"2022-11-08T00:00:00.000Z\",\"note\":\"%s\","
                 "\"url\":\"https://social.example/@u%" PRId64
                 "\",\"uri\":\"https://social.example/users/u%" PRId64 "\","
                 "\"avatar\":\"https://social.example/avatars/original/missing.png\","
                 "\"avatar_static\":\"https://social.example/avatars/original/missing.png\",\"header\":"
                 "\"https://social.example/headers/original/missing.png\",\"header_static\":"
                 "\"https://social.example/headers/original/missing.png\",\"followers_count\":120,\"following_count\":80,"
                 "\"statuses_count\":2400,\"last_status_at\":\"2026-11-20\",\"hide_collections\":null,\"emojis\":[],"
                 "\"fields\":[{\"name\":"
                 "\"Web\",\"value\":\"<a href=\\\"https://example.org\\\" rel=\\\"nofollow noopener noreferrer"
                 " me\\\">example.org</a>\",\"verified_at\":null}]}", who, who, who, who, note, who, who);
}

static void add_status(struct text *t, int account, int64_t id, int64_t mention)
{
        int64_t who = mention % 997;

        text_add(t, "{\"id\":\"%" PRId64 "\",\"created_at\":", id);
        text_add_time(t, BEGUN_USEC + mention * APART_USEC);
        text_add(t, ",\"in_reply_to_id\":null,\"in_reply_to_account_id\":null,\"sensitive\":false,\"spoiler_text\":\"\","
                 "\"visibility\":\"public\",\"language\":\"en\","
                 "\"uri\":\"https://social.example/users/u%" PRId64 "/statuses/%" PRId64
                 "\",\"url\":\"https://social.example/@u%" PRId64 "/%" PRId64 "\",\"replies_count\":0,\"reblogs_count\":0,"
                 "\"favourites_count\":0,\"edited_at\":null,\"favourited\":false,\"reblogged\":false,\"muted\":false,"
                 "\"bookmarked\":false,\"content\":\"<p><span class=\\\"h-card\\\" translate=\\\"no\\\"><a href="
                 "\\\"https://social.example/@brand%d\\\" class=\\\"u-url mention\\\">@<span>brand%d</span></a></span>"
                 " %.*s</p>\",\"filtered\":[],\"reblog\":null,\"application\":{\"name\":\"Web\",\"website\":null},\"account\":",
                 who, id, who, id, account, account, (int) settings.text, words());
        add_account(t, mention);
        text_add(t, ",\"media_attachments\":[],\"mentions\":[{\"id\":\"1\",\"username\":\"brand%d\",\"url\":"
                 "\"https://social.example/@brand%d\",\"acct\":\"brand%d\"}],\"tags\":[],\"emojis\":[],\"card\":null,"
                 "\"poll\":null}",
                 account, account, account);
}

void network_add_mention(struct text *t, int account, int64_t mention)
{
        text_add(t, "{\"id\":\"%" PRId64 "\",\"type\":\"mention\",\"created_at\":", FIRST_ID + mention);
        text_add_time(t, BEGUN_USEC + mention * APART_USEC);
        text_add(t, ",\"group_key\":\"ungrouped-%" PRId64 "\",\"account\":", FIRST_ID + mention);
        add_account(t, mention);
        text_add(t, ",\"status\":");
        add_status(t, account, FIRST_ID + mention, mention);
        text_add(t, "}");
}

void network_add_page(struct text *t, int account, int64_t newest, int64_t above)
{
        text_add(t, "[");
        for (int64_t i = newest; i > above && i > newest - PAGE_MAX; i--) {
                if (i < newest)
                        text_add(t, ",");
                network_add_mention(t, account, i);
        }
        text_add(t, "]");
}

/* The number of the mention that a parameter names, 0 for any before the first, -1 if there is no such parameter. */
static int64_t parameter(struct MHD_Connection *c, const char *name)
{
        const char *value = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, name);
        int64_t id = value ? strtoll(value, NULL, 10) - FIRST_ID : -1;

        return value && id < 0 ? 0 : id;
}

/* As Mastodon: the newest below max_id; with min_id the ones next above that; with since_id none that are not above it. */
static void serve_notifications(struct text *t, struct MHD_Connection *c, int account)
{
        int64_t max = parameter(c, "max_id"), min = parameter(c, "min_id"), since = parameter(c, "since_id"), newest;
        int64_t shown = accounts[account].shown, more = settings.mentions - shown;

        counts.pages++;
        if (max < 0) {
                counts.polls++;
                more = more > settings.step ? settings.step : more;
                if (more > 0) {
                        shown = accounts[account].shown += more;
                        counts.shown += more;
                        counts.shown_usec = now_usec();
                }
        }
        newest = max >= 0 && max - 1 < shown ? max - 1 : shown;
        if (min >= 0 && newest > min + PAGE_MAX)
                newest = min + PAGE_MAX;
        network_add_page(t, account, newest, min > since ? min : since > 0 ? since : 0);
}

static void serve_post(struct text *t, int account, const char *body)
{
        const char *parent = json_member(body, "in_reply_to_id");
        int32_t *times = parent ? tally_at(&answered, account, strtoll(parent + (*parent == '"'), NULL, 10) - FIRST_ID) : NULL;

        counts.posts++;
        if (times && (*times)++ > 0)
                counts.posts_doubled++;
        counts.posted_last_usec = now_usec();
        if (!counts.posted_first_usec)
                counts.posted_first_usec = counts.posted_last_usec;
        add_status(t, account, 2 * FIRST_ID + counts.posts, counts.posts);
}

void network_serve(struct text *t, struct MHD_Connection *c, int account, const char *path, const char *body)
{
        counts.network++;
        if (strcmp(path, "/api/v1/accounts/verify_credentials") == 0) {
                text_add(t, "{\"id\":\"1\",\"username\":\"brand%d\",\"acct\":\"brand%d\"}", account, account);
        } else if (strcmp(path, "/api/v2/instance") == 0) {
                text_add(t, "{\"domain\":\"social.example\",\"version\":\"4.3.0\",\"api_versions\":{\"mastodon\":2},"
                         "\"configuration\":{\"statuses\":{\"max_characters\":500,\"characters_reserved_per_url\":23}}}");
        } else if (strcmp(path, "/api/v1/notifications") == 0) {
                serve_notifications(t, c, account);
        } else if (strcmp(path, "/api/v1/statuses") == 0) {
                serve_post(t, account, body);
        } else if (strncmp(path, "/api/v1/statuses/", 17) == 0) {
                int64_t id = strtoll(path + 17, NULL, 10);

                add_status(t, account, id, id % FIRST_ID);
        }
}

void network_reset(void)
{
        memset(accounts, 0, sizeof accounts);
        tally_clear(&answered);
}
