/* SPDX-License-Identifier: MIT
 *
 * The model of Znuny's Generic Interface, with the operations of plugins/otrs/mentiond.yml, as facts/znuny.md measured
 * them: errors within 200, no transactions (ticket, fields, article with its line in the history, article's field),
 * types that change.  What reads is in znuny_read.c.  Owns nothing.
 */
#include "znuny.h"

#define TEXT_MAX 3800            /* bytes of a subject, and of a field */

/* --- Answers --- */

struct answer znuny_reply(struct json_object *json)
{
        return (struct answer) { .status = 200, .json = json };
}

struct answer znuny_error(const char *operation, const char *code, const char *message)
{
        struct json_object *o = json_object_new_object(), *e = json_object_new_object();

        happened(ERROR_IN_200);
        put_owned(e, "ErrorCode", xasprintf("%s.%s", operation, code));
        put_owned(e, "ErrorMessage", xasprintf("%s: %s", operation, message));
        json_object_object_add(o, "Error", e);
        return znuny_reply(o);
}

static struct answer fault(const char *what)
{
        struct json_object *o = json_object_new_object();

        mj_put_str(o, "faultcode", "Server");
        mj_put_str(o, "faultstring", what);
        return (struct answer) { .status = 500, .json = o };
}

static const char *field_of(struct json_object *body, const char *name)
{
        struct json_object *fields = mj_get(body, "DynamicField");

        if (streq(mj_str(fields, "Name"), name))
                return mj_str(fields, "Value");
        for (size_t i = 0; i < mj_len(fields); i++)
                if (streq(mj_str(mj_at(fields, i), "Name"), name))
                        return mj_str(mj_at(fields, i), "Value");
        return "";
}

static bool is_one_of(const char *text, const char *const *list, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (streq(list[i], text))
                        return true;
        return false;
}

/* By its name; NULL: there is none. */
static const char *state_type(const char *name)
{
        static const char *const states[][2] = {
                { "new", "new" }, { "open", "open" }, { "closed successful", "closed" }, { "closed unsuccessful", "closed" },
        };

        for (size_t i = 0; i < ELEMENTSOF(states); i++)
                if (streq(states[i][0], name))
                        return states[i][1];
        return NULL;
}

/* --- What is wrong with a request: NULL, or the message, and the code --- */

static const char *judge_files(struct json_object *list, const char **ret_code)
{
        static const char *const members[] = { "Content", "ContentType", "Filename" }, *const messages[] = {
                "Attachment->Content  parameter is missing!", "Attachment->ContentType  parameter is missing!",
                "Attachment->Filename  parameter is missing!",
        };

        *ret_code = "MissingParameter";
        for (size_t i = 0; i < mj_len(list); i++)
                for (size_t m = 0; m < ELEMENTSOF(members); m++)
                        if (!*mj_str(mj_at(list, i), members[m]))
                                return messages[m];
        return NULL;
}

static const char *judge_article(struct json_object *body, const char **ret_code)
{
        static const char *const channels[] = { "Internal", "Phone", "Email", "" };
        static const char *const responses[] = { "auto reply", "auto reject", "auto follow up", "auto reply/new ticket", "auto remove", "" };
        struct json_object *a = mj_get(body, "Article");

        *ret_code = "MissingParameter";
        if (!*mj_str(a, "Subject") && !mj_len(mj_get(a, "Subject")))
                return "Article->Subject parameter is missing!";
        if (!*mj_str(a, "Body"))
                return "Article->Body parameter is missing!";
        if (!*mj_str(a, "ContentType") && !(*mj_str(a, "MimeType") && *mj_str(a, "Charset")))
                return "Article->ContentType or Ticket->MimeType and Article->Charset parameters are required!";
        *ret_code = "InvalidParameter";
        if (!is_one_of(mj_str(a, "AutoResponseType"), responses, ELEMENTSOF(responses)))
                return "Article->AutoResponseType parameter is invalid!";
        if (!is_one_of(mj_str(a, "CommunicationChannel"), channels, ELEMENTSOF(channels)))
                return "Article->CommunicationChannel or Article->CommunicationChannelID parameter is invalid or not supported!";
        return judge_files(mj_get(body, "Attachment"), ret_code);
}

static const char *judge_fields(struct json_object *body, const char **ret_code)
{
        static const char *const names[] = { "SocialThread", "SocialUrl", "SocialNetwork", "SocialPost" };
        struct json_object *fields = mj_get(body, "DynamicField");

        *ret_code = "InvalidParameter";
        for (size_t i = 0; i < mj_len(fields); i++)
                if (!is_one_of(mj_str(mj_at(fields, i), "Name"), names, ELEMENTSOF(names)))
                        return "DynamicField->Name parameter is invalid!";
        return NULL;
}

/* Queue, state and priority; a new ticket must have them. */
static const char *judge_choices(struct json_object *ticket, bool new, const char **ret_code)
{
        static const char *const queues[] = { "Social", "Raw" }, *const priorities[] = {
                "1 very low", "2 low", "3 normal", "4 high", "5 very high",
        };
        const char *queue = mj_str(ticket, "Queue"), *state = mj_str(ticket, "State"), *priority = mj_str(ticket, "Priority");

        *ret_code = "MissingParameter";
        if (new && !*queue)
                return "Ticket->QueueID or Ticket->Queue parameter is required!";
        if (new && !*state)
                return "Ticket->StateID or Ticket->State parameter is required!";
        if (new && !*priority)
                return "Ticket->PriorityID or Ticket->Priority parameter is required!";
        *ret_code = "InvalidParameter";
        if (*queue && !is_one_of(queue, queues, ELEMENTSOF(queues)))
                return "Ticket->QueueID or Ticket->Queue parameter is invalid!";
        if (*state && !state_type(state))
                return "Ticket->StateID or Ticket->State parameter is invalid!";
        if (*priority && !is_one_of(priority, priorities, ELEMENTSOF(priorities)))
                return "Ticket->PriorityID or Ticket->Priority parameter is invalid!";
        return NULL;
}

static const char *judge_create(struct json_object *body, const char **ret_code)
{
        struct json_object *t = mj_get(body, "Ticket");
        const char *wrong;

        *ret_code = "MissingParameter";
        if (!*mj_str(t, "Title"))
                return "Ticket->Title parameter is missing!";
        if (!*mj_str(t, "CustomerUser"))
                return "Ticket->CustomerUser parameter is missing!";
        wrong = judge_choices(t, true, ret_code);
        wrong = wrong ? wrong : judge_fields(body, ret_code);
        return wrong ? wrong : judge_article(body, ret_code);
}

static const char *judge_update(struct json_object *body, const char **ret_code)
{
        const char *wrong = judge_choices(mj_get(body, "Ticket"), false, ret_code);

        wrong = wrong ? wrong : judge_fields(body, ret_code);
        if (!wrong && mj_get(body, "Article"))
                return judge_article(body, ret_code);
        if (!wrong && *field_of(body, "SocialPost")) {
                *ret_code = "MissingParameter";
                return "To create an article DynamicField an article is required!";
        }
        return wrong;
}

/* --- Writing: in steps, after each of which it may break off --- */

static struct answer made(int ticket, int article)
{
        struct json_object *o = json_object_new_object();
        bool text = chance(R_NET, 500);

        desks.articles[article].shown_usec = sim.now;    /* it is written before it is answered */
        znuny_put_id(o, "ArticleID", article, text);
        znuny_put_id(o, "TicketID", ticket, text);
        put_owned(o, "TicketNumber", znuny_number(ticket));
        return desk_confirms(article, o);
}

static int make_article(int ticket, struct json_object *body)
{
        struct json_object *a = mj_get(body, "Article");
        int i = znuny_add_article(ticket, streq(mj_str(a, "SenderType"), "agent"), mj_int(a, "IsVisibleForCustomer", 1) == 1,
                            mj_str(a, "From"), mj_str(a, "Subject"), mj_str(a, "Body"), DAEMON);

        znuny_add_history(ticket, i, mj_str(a, "HistoryType"), xstrdup(mj_str(a, "HistoryComment")));
        note("the helpdesk makes article %d in ticket %d: %.80s", i + 1, ticket + 1, mj_str(a, "Body"));
        return i;
}

static void take_files(int article, struct json_object *list)
{
        for (size_t i = 0; i < mj_len(list); i++)
                desk_take_file(article, mj_str(mj_at(list, i), "Filename"), mj_str(mj_at(list, i), "Content"));
}

/* Fields, article, the article's field. */
static struct answer write_rest(const struct request *q, int ticket)
{
        static const char no_article[] = "Article could not be created, please contact the system administrator";
        const char *thread = field_of(q->body, "SocialThread"), *network = field_of(q->body, "SocialNetwork");
        struct json_object *a = mj_get(q->body, "Article"), *o;
        int stage = q->fault.stage, article;

        if (stage == 0)
                return fault(no_article);
        if (strlen(thread) > TEXT_MAX)
                return fault("Dynamic Field SocialThread could not be set, please contact the system administrator");
        if (*thread)
                strset(&desks.tickets[ticket].thread, thread);
        if (*network)
                strset(&desks.tickets[ticket].network, network);
        if (stage == 1 || !json_object_is_type(mj_get(a, "Subject"), a ? json_type_string : json_type_null) ||
            strlen(mj_str(a, "Subject")) > TEXT_MAX)
                return fault(no_article);
        if (!a) {
                o = json_object_new_object();
                znuny_put_id(o, "TicketID", ticket, true);
                put_owned(o, "TicketNumber", znuny_number(ticket));
                return znuny_reply(o);
        }
        article = make_article(ticket, q->body);
        take_files(article, mj_get(q->body, "Attachment"));
        if (stage == 2)
                return fault(no_article);
        strset(&desks.articles[article].key, field_of(q->body, "SocialPost"));
        return stage == 3 ? fault(no_article) : made(ticket, article);
}

static struct answer create(const struct request *q)
{
        struct json_object *t = mj_get(q->body, "Ticket");
        const char *code, *wrong = judge_create(q->body, &code);
        int ticket;

        if (wrong)
                return znuny_error("TicketCreate", code, wrong);
        ticket = znuny_add_ticket(q->server - NETWORKS, mj_str(t, "Title"), mj_str(t, "CustomerUser"), state_type(mj_str(t, "State")));
        note("the helpdesk makes ticket %d for %s%s", ticket + 1, field_of(q->body, "SocialThread"), q->fault.stage >= 0 ? ", and breaks off" : "");
        return write_rest(q, ticket);
}

static struct answer update(const struct request *q)
{
        const char *code, *wrong, *state = mj_str(mj_get(q->body, "Ticket"), "State");
        int ticket = desk_ticket(q, mj_str(q->body, "TicketID"));

        if (ticket < 0)
                return znuny_error("TicketUpdate", "AccessDenied", "User does not have access to the ticket!");
        wrong = judge_update(q->body, &code);
        if (wrong)
                return znuny_error("TicketUpdate", code, wrong);
        if (streq(mj_str(mj_get(q->body, "Article"), "SenderType"), "customer"))
                desk_continues(q, ticket, streq(desks.tickets[ticket].state, "closed") ? znuny_changed_usec(ticket) : 0,
                               mj_str(mj_get(q->body, "Article"), "Body"));
        if (*state) {
                desks.tickets[ticket].state = state_type(state);
                if (streq(state_type(state), "closed"))
                        desks.tickets[ticket].closed = sim.now;
        }
        return write_rest(q, ticket);
}

/* --- Sessions, and who is asked --- */

static bool is_known(const struct request *q)
{
        return streq(mj_str(q->body, "UserLogin"), "mentiond") && streq(mj_str(q->body, "Password"), DESK_PASSWORD);
}

static struct answer login(const struct request *q)
{
        const struct desk *d = &desks.all[q->server - NETWORKS];
        struct json_object *o;

        if (d->locked_out || !is_known(q))
                return znuny_error("SessionCreate", "AuthFail", "Authorization failing!");
        o = json_object_new_object();
        put_owned(o, "SessionID", xasprintf("session-%d", d->session));
        return znuny_reply(o);
}

static struct answer refuse(char *sentence)
{
        return (struct answer) { .status = 500, .text = sentence };
}

struct answer znuny_handle(const struct request *q)
{
        static const struct {
                const char *name;
                struct answer (*fn)(const struct request *q);
        } operations[] = {
                { "SessionCreate", login }, { "TicketCreate", create }, { "TicketUpdate", update }, { "TicketGet", znuny_get },
                { "TicketSearch", znuny_search }, { "TicketHistoryGet", znuny_get_history },
        };
        const char *path = strrchr(q->path, '/');
        const struct desk *d = &desks.all[q->server - NETWORKS];
        _cleanup_free_ char *session = xasprintf("session-%d", d->session);
        size_t i = 0;

        while (i < ELEMENTSOF(operations) && !streq(operations[i].name, path + 1))
                i++;
        if (i == ELEMENTSOF(operations) || !streq(q->method, "POST"))
                return refuse(xasprintf("HTTP::REST Error while determine Operation for request URI '%s'.", path));
        if (!startswith(q->type, "application/json"))
                return refuse(xstrdup("Could not read input data"));
        if (!q->body)
                return refuse(xstrdup("Error while decoding request content."));
        if (!json_object_is_type(q->body, json_type_object))
                return refuse(xstrdup("Unsupported request content structure."));
        if (i > 0 && (d->locked_out || (!streq(mj_str(q->body, "SessionID"), session) && !is_known(q))))
                return znuny_error(operations[i].name, "AuthFail", "Authorization failing!");
        return operations[i].fn(q);
}
