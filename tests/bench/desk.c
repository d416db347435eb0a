/* SPDX-License-Identifier: MIT
 *
 * The helpdesk: the operations of Znuny's Generic Interface that mentiond calls,
 * /z/nph-genericinterface.pl/Webservice/mentiond/OPERATION.  It knows the tickets of each mention, so that one that was
 * made and not answered is found. */
#include "server.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define AGENTS_ARTICLE INT64_C(1000000000)       /* plus the ticket; above those of all mentions */
#define NOTES_ARTICLE INT64_C(2000000000)

/* The mention that a ticket is of, by the ticket's number. */
static struct {
        int32_t account, mention;
} *made;
static int64_t made_room;
static struct tally tickets;             /* the first of each mention */

/* The value, a string "channelN:ID", as a mention. */
static bool parse_key(const char *value, int64_t *ret_account, int64_t *ret_mention)
{
        char *end;

        if (!value || strncmp(value, "\"channel", 8) != 0)
                return false;
        *ret_account = strtoll(value + 8, &end, 10);
        if (*end != ':')
                return false;
        *ret_mention = strtoll(end + 1, &end, 10) - FIRST_ID;
        return *end == '"';
}

static void count_ticket(const char *body)
{
        int64_t account, mention, n = ++counts.tickets;
        int32_t *first;

        counts.last_usec = now_usec();
        if (!counts.first_usec)
                counts.first_usec = counts.last_usec;
        if (n >= made_room) {
                made_room = 2 * n + 1024;
                made = realloc(made, (size_t) made_room * sizeof *made);
                if (!made)
                        abort();
        }
        made[n].account = made[n].mention = 0;
        if (!parse_key(json_member(body, "HistoryComment"), &account, &mention))
                return;
        first = tally_at(&tickets, account, mention);
        if (!first)
                return;
        made[n].account = (int32_t) account;
        made[n].mention = (int32_t) mention;
        if (*first) {
                counts.doubled++;
        } else {
                counts.filed++;
                *first = (int32_t) n;
        }
}

static void add_key(struct text *t, int64_t ticket)
{
        text_add(t, "\"channel%d:%" PRId64 "\"", made[ticket].account, FIRST_ID + made[ticket].mention);
}

static void add_articles(struct text *t, int64_t ticket, bool agents_only, bool fields)
{
        static const char rest[] = "\"CommunicationChannel\":\"Internal\",\"IsVisibleForCustomer\":1,\"ContentType\":"
                                   "\"text/plain; charset=utf-8\",\"CreateTime\":\"2030-01-01 12:00:00\",\"ChangeTime\":"
                                   "\"2030-01-01 12:00:00\",\"CreateBy\":2,\"ChangeBy\":2";

        text_add(t, "[");
        if (!agents_only) {
                text_add(t,
                         "{\"ArticleID\":%" PRId64 ",\"TicketID\":%" PRId64 ",\"SenderType\":\"customer\",\"From\":\"somebody\","
                         "\"Subject\":\"a mention\",\"Body\":\"see there\",%s,\"IncomingTime\":%" PRId64,
                         ticket, ticket, rest, (int64_t) time(NULL));
                if (fields) {
                        text_add(t, ",\"DynamicField\":[{\"Name\":\"SocialPost\",\"Value\":");
                        add_key(t, ticket);
                        text_add(t, "}]");
                }
                text_add(t, "}");
        }
        if (ticket <= settings.replies)
                text_add(t,
                         "%s{\"ArticleID\":%" PRId64 ",\"TicketID\":%" PRId64 ",\"SenderType\":\"agent\",\"From\":\"Ada Agent\","
                         "\"Subject\":\"answer\",\"Body\":\"Thank you for writing, we are looking into it and will answer in an "
                         "hour. (%" PRId64 ")\",%s,\"IncomingTime\":%" PRId64 "}",
                         agents_only ? "" : ",", AGENTS_ARTICLE + ticket, ticket, ticket, rest, (int64_t) time(NULL) + 5);
        text_add(t, "]");
}

static void serve_get(struct text *t, const char *body)
{
        const char *at = json_member(body, "TicketID"), *sender = json_member(body, "ArticleSenderType");
        bool articles = json_member(body, "AllArticles"), fields = json_member(body, "DynamicFields"), first = true;
        bool agents_only = sender && strncmp(sender, "\"agent\"", 7) == 0;

        at = at ? at + (*at == '"') : "";
        text_add(t, "{\"Ticket\":[");
        while (*at >= '0' && *at <= '9') {
                char *end;
                int64_t id = strtoll(at, &end, 10);

                at = *end == ',' ? end + 1 : end;
                if (id <= 0 || id > counts.tickets)
                        continue;
                text_add(t,
                         "%s{\"TicketID\":%" PRId64 ",\"TicketNumber\":\"2026%09" PRId64
                         "\",\"StateType\":\"new\",\"State\":\"new\","
                         "\"Queue\":\"Social\",\"Title\":\"a ticket\",\"CustomerUserID\":\"mastodon:somebody\"",
                         first ? "" : ",", id, id);
                if (fields) {
                        text_add(t, ",\"DynamicField\":[{\"Name\":\"SocialThread\",\"Value\":");
                        add_key(t, id);
                        text_add(t, "}]");
                }
                if (articles && (!agents_only || id <= settings.replies)) {
                        text_add(t, ",\"Article\":");
                        add_articles(t, id, agents_only, fields);
                }
                text_add(t, "}");
                first = false;
        }
        text_add(t, "]}");
}

static void serve_histories(struct text *t, const char *body)
{
        const char *at = json_member(body, "TicketID");

        text_add(t, "{\"TicketHistory\":[");
        for (bool first = true; at && (*at == '"' || *at == ',') && at[1] >= '0' && at[1] <= '9'; first = false) {
                char *end;
                int64_t id = strtoll(at + 1, &end, 10);

                at = end;
                text_add(t, "%s{\"TicketID\":%" PRId64 ",\"History\":[]}", first ? "" : ",", id);
        }
        text_add(t, "]}");
}

static void serve_search(struct text *t, const char *body)
{
        int64_t account, mention, n = 0;
        const char *thread = json_member(body, "DynamicField_SocialThread");

        counts.searches++;
        if (thread) {
                int32_t *ticket = parse_key(json_member(thread, "Equals"), &account, &mention)
                                          ? tally_at(&tickets, account, mention)
                                          : NULL;

                text_add(t, ticket && *ticket ? "{\"TicketID\":[\"%d\"]}" : "{}", ticket ? *ticket : 0);
                return;
        }
        if (strstr(body, "\"ArticleCreateTimeNewer"))
                n = settings.replies < counts.tickets ? settings.replies : counts.tickets;
        for (int64_t i = 1; i <= n; i++)
                text_add(t, "%s\"%" PRId64 "\"", i > 1 ? "," : "{\"TicketID\":[", i);
        text_add(t, n ? "]}" : "{}");
}

bool desk_writes(const char *operation)
{
        return strcmp(operation, "TicketCreate") == 0 || strcmp(operation, "TicketUpdate") == 0;
}

void desk_serve(struct text *t, const char *operation, const char *body)
{
        const char *id = json_member(body, "TicketID");
        int64_t ticket = id ? strtoll(id + (*id == '"'), NULL, 10) : 0;

        if (strcmp(operation, "SessionCreate") == 0) {
                text_add(t, "{\"SessionID\":\"benchbenchbenchbenchbenchbench00\"}");
        } else if (strcmp(operation, "TicketCreate") == 0 && strstr(body, "\"mentiond:check\"")) {
                text_add(t, "{\"Error\":{\"ErrorCode\":\"TicketCreate.MissingParameter\",\"ErrorMessage\":\"TicketCreate: "
                         "Attachment->Content parameter is missing!\"}}");
        } else if (strcmp(operation, "TicketCreate") == 0) {
                count_ticket(body);
                text_add(t, "{\"TicketID\":\"%" PRId64 "\",\"TicketNumber\":\"2026%09" PRId64 "\",\"ArticleID\":\"%" PRId64 "\"}",
                         counts.tickets, counts.tickets, counts.tickets);
        } else if (strcmp(operation, "TicketUpdate") == 0 && !json_member(body, "Article")) {
                text_add(t, "{\"TicketID\":\"%" PRId64 "\",\"TicketNumber\":\"2026%09" PRId64 "\"}", ticket, ticket);
        } else if (strcmp(operation, "TicketUpdate") == 0) {
                counts.articles++;
                text_add(t, "{\"TicketID\":\"%" PRId64 "\",\"TicketNumber\":\"2026%09" PRId64 "\",\"ArticleID\":\"%" PRId64 "\"}",
                         ticket, ticket, NOTES_ARTICLE + counts.articles);
        } else if (strcmp(operation, "TicketSearch") == 0) {
                serve_search(t, body);
        } else if (strcmp(operation, "TicketGet") == 0) {
                serve_get(t, body);
        } else if (strcmp(operation, "TicketHistoryGet") == 0) {
                serve_histories(t, body);
        }
}

void desk_reset(void)
{
        free(made);
        made = NULL;
        made_room = 0;
        tally_clear(&tickets);
}
