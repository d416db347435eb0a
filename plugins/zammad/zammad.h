/* SPDX-License-Identifier: MIT
 *
 * The helpdesk plugin for Zammad, between its own files: zammad.c (options, start), zammad_call.c (requests and refusals),
 * zammad_ticket.c (reading and searching), zammad_article.c (file, append, note), zammad_write.c (how they are written),
 * zammad_text.c (characters), zammad_find.c, zammad_links.c, zammad_poll.c, zammad_review.c (an agent's article again),
 * zammad_state.c (states, close).
 *
 * All that it asks for, below the option url and with the token as bearer:
 *
 *     GET  /api/v1/users/me?expand=true                               start
 *     POST /api/v1/tickets/search                                     {condition, expand, sort_by, order_by, page, per_page}
 *     GET  /api/v1/tickets/ID?expand=true
 *     GET  /api/v1/tickets/ID?all=true                                with articles, users and links
 *     GET  /api/v1/ticket_states                                      once, where one is met that the options do not name
 *     GET  /api/v1/links?link_object=Ticket&link_object_value=ID      of a merged ticket
 *     GET  /api/v1/ticket_articles/by_ticket/ID?expand=true
 *     GET  /api/v1/ticket_articles/ID                                 once, see zammad_text.c; one with pictures in it, or that
 * moved GET  /api/v1/ticket_attachment/TICKET/ARTICLE/ID POST /api/v1/tickets?expand=true                                {title,
 * group, customer, state, ..., article} POST /api/v1/links/add                                          {link_type,
 * link_object_source, ...} PUT  /api/v1/tickets/ID?expand=true                             {state, article}, {state} or
 * {ATTRIBUTE} POST /api/v1/ticket_articles?expand=true                        {ticket_id, type, sender, body, ...} POST
 * /api/v1/users                                              {login, firstname, source}
 *
 * Searches are by condition alone, which Zammad answers from its database at once; with a query it asks an index that lags, or
 * ignores the condition.  Conditions: ticket.updated_at and ticket.created_at "after (absolute)", ticket.ATTRIBUTE "is" and
 * "contains", article.message_id "is".  expand=true, for without it the shape differs between versions. */
#ifndef ZAMMAD_H
#define ZAMMAD_H

#include <mentiond/helpdesk.h>
#include <mentiond/json.h>
#include <stdbool.h>

enum {
        ZAMMAD_TITLE_MAX = 250,              /* characters; Zammad cuts there in silence */
        ZAMMAD_LOGIN_MAX = 255,              /* the same */
        ZAMMAD_HOPS_MAX = 10,                /* merges of merges that are followed */
        ZAMMAD_PAGE = 200,                   /* tickets of one search; more are not given */
        ZAMMAD_PAGE_MIN = 50,                /* that any version gives, if there are as many */
        ZAMMAD_ARTICLES_MAX = 64 * 1024 * 1024,      /* an answer with all articles of a ticket; one may have 1.5 M characters */
        ZAMMAD_SEEN = 512,                   /* tickets of which a poll remembers what it looked at */
        ZAMMAD_NAME_MAX = 100,
        ZAMMAD_ID_MAX = 20,                  /* digits */
        ZAMMAD_STATES = 64,                  /* of tickets, that are remembered; seven are there from the beginning */
        ZAMMAD_SYSTEM_USER = 1,              /* writes what triggers and Zammad itself write */
};

struct zammad_seen {
        int64_t ticket, updated_usec, poll;
};

/* What a state means is its type, whose numbers are the same in every Zammad. */
enum zammad_state_type {
        ZAMMAD_STATE_CLOSED = 5,
        ZAMMAD_STATE_REMOVED = 7,
};

struct zammad_state {
        int64_t id;
        int64_t type;                        /* 0: it is not known */
        char name[ZAMMAD_NAME_MAX + 1];
};

struct zammad {
        const char *url;
        const struct mentiond_secret *token;
        const char *group;
        const char *priority;
        const char *state;
        const char *reopen_state;
        const char *close_state;
        const char *tags;
        const char *attribute;

        int64_t user;                        /* who we are, as start() learnt it */
        char user_name[ZAMMAD_NAME_MAX + 1];
        bool wide, narrow;                   /* the database keeps, or loses, characters beyond U+FFFF; neither: unknown */
        int64_t unread;                      /* articles with such characters that could not be looked at */
        int64_t polls, good_polls;           /* the number of the last, and of the last whose news, if any, the journal has */
        bool news;                           /* the poll found something */
        char proof[ZAMMAD_ID_MAX + 1];       /* the last article that it found, which the journal knows if it has all */
        int64_t newest_usec, newest_steady_usec;     /* the cursor "seen", and when a poll first began from it */
        int64_t settled_usec;                /* what it was when nothing from before it could come any more */
        struct zammad_seen seen[ZAMMAD_SEEN];        /* at the ticket's id modulo ZAMMAD_SEEN */
        struct zammad_state states[ZAMMAD_STATES];
        size_t n_states;
        int64_t states_steady_usec;          /* when they were read */
};

enum zammad_effect {
        ZAMMAD_READS,
        ZAMMAD_PEEKS,            /* reads what can be left out */
        ZAMMAD_WRITES,
};

enum zammad_refusal {
        ZAMMAD_NONE,
        ZAMMAD_FORBIDDEN,    /* 403: this user may not do this with this ticket or group */
        ZAMMAD_MISSING,      /* 404: no such thing */
        ZAMMAD_INVALID,      /* 422 with a reason */
        ZAMMAD_OPAQUE,       /* 422, and the reason is in Zammad's own log only */
};

struct zammad_answer {
        struct json_object *json;
        enum zammad_refusal refusal;
        const char *words;   /* the reason, as Zammad gives it; "" */
};

/* One request; body may be NULL.  MENTIOND_OK with ret->json an object or array, or a verdict whose reason is told; of a refusal
 * *ret says which, for callers who know better what it means. */
int zammad_call(struct mentiond_op *op, const char *method, const char *path, struct json_object *body, enum zammad_effect effect,
                struct zammad_answer *ret);

/* The bytes behind a path, as they are. */
int zammad_download(struct mentiond_op *op, const char *path, uint64_t max, struct zammad_answer *ret,
                    struct mentiond_response *ret_reply);

/* One ticket with the names of what it refers to.  GONE if it was deleted, or is where our user may not look. */
int zammad_ticket_get(struct mentiond_op *op, struct zammad *z, const char *id, struct json_object **ret);

/* The same with articles, users and links: "assets" and so on.  GONE as above. */
int zammad_ticket_whole(struct mentiond_op *op, struct zammad *z, const char *id, struct json_object **ret);

/* The ticket of that id, or the one that it was merged into in the end. */
int zammad_ticket_open(struct mentiond_op *op, struct zammad *z, const char *id, struct json_object **ret);

bool zammad_is_merged(struct json_object *ticket);

/* By its state's name or, where it was read without, its id.  May ask for the states, now and then; false, too, if it cannot be
 * found out. */
bool zammad_is_closed(struct mentiond_op *op, struct zammad *z, struct json_object *ticket);

/* Whether it is in another state than those of tickets that wait for an agent. */
bool zammad_is_asleep(const struct zammad *z, struct json_object *ticket);

/* Its articles, as an array. */
int zammad_articles(struct mentiond_op *op, struct zammad *z, const char *id, struct json_object **ret);

/* {field: {operator, value}}, owned by the operation. */
struct json_object *zammad_condition(struct mentiond_op *op, const char *field, const char *operator, const char *value);

/* The tickets that fulfil it, as an array; at most a page. */
int zammad_search(struct mentiond_op *op, struct zammad *z, struct json_object *condition, const char *sort_by, int64_t page,
                  struct json_object **ret);

/* Strings that outlive the turn of a page. */
struct zammad_kept {
        const char *strings[4 + 2 * ZAMMAD_PAGE];
        uint32_t n;
};

/* Every ticket from a time on, in the order of updated_at or created_at, a page at a time; some come twice.  fn may add to
 * what is kept, and turn the page with that. */
struct zammad_walk {
        const char *by;      /* "updated_at" or "created_at" */
        const char *from;    /* as Zammad tells times */
        const char *condition[3];    /* one more that they must fulfil: field, operator, value; or none */
        int (*fn)(struct mentiond_op *op, struct zammad *z, struct json_object *tickets, struct zammad_kept *kept);
};
int zammad_walk(struct mentiond_op *op, struct zammad *z, const struct zammad_walk *walk);

/* Id, number and address of a ticket. */
void zammad_tell(struct mentiond_op *op, const struct zammad *z, struct json_object *ticket, struct mentiond_filed *ret);

/* Name of the ticket attribute in conditions: "ticket.mentiond_thread". */
const char *zammad_field(struct mentiond_op *op, const struct zammad *z);

/* What an article of this key has as its message id.  Keys are unique for ever, ASCII and without blanks, and no mail has this
 * domain: no other article has it. */
const char *zammad_message_id(struct mentiond_op *op, const char *key);
bool zammad_is_ours(const struct zammad *z, struct json_object *article);

/* What of an article an agent wrote. */
struct zammad_written {
        const char *html, *text;
};
struct zammad_written zammad_written(struct json_object *article);

/* Whether it was changed since it was made. */
bool zammad_is_touched(struct json_object *article);

/* Gives the ticket its thread, where Zammad's answer does not show that it has it: a worker of Zammad that was not restarted
 * since the attribute was added drops it, and says nothing. */
void zammad_bind(struct mentiond_op *op, struct zammad *z, struct json_object *ticket, const char *thread_key);

/* The body of a new ticket.  Exported to the start, which tries it without making a ticket. */
struct json_object *zammad_ticket_body(struct mentiond_op *op, struct zammad *z, const struct mentiond_filing *filing);

/* What the user lacks in a group: BLOCKED, for other channels have other groups. */
int zammad_lacks_rights(struct mentiond_op *op, const struct zammad *z, const char *group);

/* Adds the article to a ticket that is there, by a change of the ticket (change: what else of it changes; its member article is
 * added here), or alone if change is NULL.  customer: login and name of who wrote it, who is made if he is not known; or NULL. */
struct zammad_customer {
        const char *login, *name, *source;
};
int zammad_write(struct mentiond_op *op, struct zammad *z, struct json_object *ticket, struct json_object *article,
                 struct json_object *change, const struct zammad_customer *customer, struct mentiond_filed *ret);

/* Whether tickets can be searched by the attribute, and whether they can be made in this queue ("" for the option group): OK, or
 * what is wrong.  Without effect. */
int zammad_check_attribute(struct mentiond_op *op, struct zammad *z);
int zammad_check_create(struct mentiond_op *op, struct zammad *z, const char *queue);

/* The text as this helpdesk's database can keep it. */
const char *zammad_text(struct mentiond_op *op, const struct zammad *z, const char *text);

/* Looks, once, whether an article with this text has kept its characters; if not, the whole text is added to the ticket. */
void zammad_learn(struct mentiond_op *op, struct zammad *z, const struct mentiond_filed *filed, const char *key,
                  const char *text);

int zammad_file(struct mentiond_op *op, void *state, const struct mentiond_filing *filing, struct mentiond_filed *ret);
int zammad_append(struct mentiond_op *op, void *state, const struct mentiond_filing *filing, struct mentiond_filed *ret);
int zammad_find(struct mentiond_op *op, void *state, const struct mentiond_lookup *lookup, struct mentiond_filed *ret);
int zammad_note(struct mentiond_op *op, void *state, const struct mentiond_note *note, struct mentiond_filed *ret);
int zammad_poll(struct mentiond_op *op, void *state);
int zammad_links(struct mentiond_op *op, void *state);
int zammad_review(struct mentiond_op *op, void *state, const char *ticket, const char *article, struct mentiond_review *ret);
int zammad_close(struct mentiond_op *op, void *state, const char *ticket);
int zammad_doctor(struct mentiond_op *op, void *state);
int zammad_provision(struct mentiond_op *op, void *state, const struct mentiond_provisioning *provisioning);

#endif
