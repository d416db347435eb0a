/* SPDX-License-Identifier: MIT
 *
 * The helpdesk plugin for OTRS 6, Znuny and OTOBO, between its own files: otrs.c (options, start),
 * otrs_call.c (session, errors), otrs_article.c (file, append, note), otrs_find.c, otrs_poll.c, otrs_reply.c (agents' articles),
 * otrs_review.c (one of them again), otrs_links.c, otrs_ticket.c (reading tickets, close), otrs_try.c (what can be tried without
 * effect), otrs_doctor.c, otrs_provision.c. */
#ifndef OTRS_H
#define OTRS_H

#include <mentiond/helpdesk.h>
#include <mentiond/json.h>
#include <stdbool.h>

enum {
        OTRS_SESSION_MAX = 128,              /* a session id has 32 characters; more is nobody's */
        OTRS_TITLE_MAX = 200,                /* characters: a ticket's title is silently cut at 255, a subject
                                              * over 3800 fails after the ticket was made */
        OTRS_HOPS_MAX = 10,                  /* merges of merges that are followed */
        OTRS_HITS_MAX = 20,                  /* tickets of one thread that find() looks into */
        OTRS_SHELLS_MAX = 500,               /* newest tickets of one customer among which an empty one is sought, in 25
                                              * calls that are within the two minutes of an operation: he can hardly
                                              * begin as many conversations while one filing is unclear */
        OTRS_BATCH = 20,                     /* tickets asked for in one call */
        OTRS_ARTICLES = 20,                  /* newest agents' articles of a ticket that a poll asks for first */
        OTRS_IDS_MAX = 100000,               /* tickets in one search: 1 MB of ids */
        OTRS_OVERLAP_MINUTES = 5,            /* that a search reaches back further than it must */
        OTRS_SWEEP_MINUTES = 130,            /* twice the hour that is repeated, or by which a clock was set, and what a poll
                                              * may take */
        OTRS_FIRST_MINUTES = 366 * 1440,     /* where no ticket of ours was seen yet: longer than the longest outage */
        OTRS_ATTACHED = 1024 * 1024,         /* bytes attached to a ticket's newest articles that may be why they could not
                                              * be had with it: too long, or too slow; what is less can be asked for again */
        OTRS_TICKETS_MAX = 64 * 1024 * 1024, /* an answer of TicketGet: articles with their attachments, in base64 */
};

#define OTRS_FROM "mentiond"    /* of notes; whatever is From must not hold an '@', or it gets mail */

struct otrs {
        const char *url;
        const char *user;
        const struct mentiond_secret *password;
        const char *queue;
        const char *priority;
        const char *state;
        const char *reopen_state;
        const char *close_state;
        const char *ticket_url;

        char session[OTRS_SESSION_MAX + 1];  /* "" before the first login */
        bool logging_in;                     /* by an operation; the others wait for it */
        int login_verdict;                   /* how the last login ended */

        bool polled;                         /* a poll of this process has ended well */
        int64_t polled_usec, polled_steady_usec;     /* when it began, by both clocks */
        int64_t swept_steady_usec;           /* when the last with a wide window began */
        int64_t window_minutes;              /* how far the search of the last reached back; after a start, as if to ever */
};

enum otrs_effect {
        OTRS_READS,
        OTRS_WRITES,
        OTRS_PROBES,    /* reads, and an error that the operation answers with is what was asked for */
};

/* Calls one operation of the web service; body is a JSON object of the operation's, and gets the session.
 * MENTIOND_OK with *ret, or a verdict whose reason is told. */
int otrs_call(struct mentiond_op *op, struct otrs *otrs, const char *operation, enum otrs_effect effect,
              struct json_object *body, struct json_object **ret);

/* What to ask for beside the ticket itself. */
struct otrs_articles {
        int64_t limit;      /* 0 for none; else the newest */
        bool all;
        bool agents;        /* those of agents only */
        bool attachments;   /* with the HTML body among them */
        bool names_only;    /* of the attachments, not their contents */
};

/* ids may hold several, parted by commas; *ret is the array of tickets.  If one of them is not accessible,
 * is missing or deleted (the helpdesk does not tell which), all are GONE. */
int otrs_ticket_get(struct mentiond_op *op, struct otrs *otrs, const char *ids,
                    const struct otrs_articles *articles, struct json_object **ret);

/* The ids of what a search found, parted by commas; or those of linked tickets only. */
const char *otrs_ids(struct mentiond_op *op, struct json_object *found, bool linked);

/* Calls fn with pages of them, an array each; once more with each by itself where it fails for several.  Those that cannot be
 * read are left out.  Turns the page: ids and found are gone then. */
int otrs_tickets_walk(struct mentiond_op *op, struct otrs *otrs, const char *ids, const struct otrs_articles *articles,
                      int (*fn)(struct mentiond_op *op, struct otrs *otrs, struct json_object *page));

/* What of an article an agent wrote: html is "" if it has none, or it was not asked for; the attachments are without that. */
struct otrs_written {
        const char *html, *text;
        uint32_t n_attachments;
};
struct otrs_written otrs_written(struct mentiond_op *op, struct json_object *article);
bool otrs_is_html_body(struct json_object *attachment);
bool otrs_is_ours(struct json_object *article);
int64_t otrs_attached_bytes(struct json_object *article);

/* Emits what the journal does not know of these tickets' articles; some may be NULL.  They were got with the newest OTRS_ARTICLES
 * of agents. */
int otrs_take_articles(struct mentiond_op *op, struct otrs *otrs, struct json_object *const *tickets, size_t n);

/* The ticket of that id, or the one that it was merged into in the end. */
int otrs_ticket_open(struct mentiond_op *op, struct otrs *otrs, const char *id,
                     const struct otrs_articles *articles, struct json_object **ret);

/* Where a ticket was merged into, by its history; NULL: it was not. */
int otrs_merged_into(struct mentiond_op *op, struct otrs *otrs, const char *id, const char **ret);

bool otrs_is_closed(struct json_object *ticket);

/* Since when it is closed; 0 if it is not, or that is not known: only as far as it was not changed afterwards, and with an
 * article, which tells the zone. */
int64_t otrs_closed_usec(struct mentiond_op *op, struct json_object *ticket);

/* The lines of a ticket's history; or, of several tickets, an array with TicketID and History of each.  GONE as above. */
int otrs_ticket_histories(struct mentiond_op *op, struct otrs *otrs, const char *ids, struct json_object **ret);
int otrs_ticket_history(struct mentiond_op *op, struct otrs *otrs, const char *id, struct json_object **ret);

/* Reads a line that says that one ticket was merged into another; both in the caller's memory. */
struct otrs_merge {
        char from[32], into[32];
};
bool otrs_merge_parse(struct json_object *line, struct otrs_merge *ret);

/* The value of a dynamic field of a ticket or an article, "" if it is not set. */
const char *otrs_field(struct json_object *object, const char *name);

int otrs_search(struct mentiond_op *op, struct otrs *otrs, struct json_object *query, struct json_object **ret);

/* How many minutes ago, by the daemon's own clock, plus the overlap.  Searches use "newer than so many
 * minutes" and not dates: the helpdesk's dates are in a zone that the API does not tell, and a duration is
 * the same on its clock and on ours, however far they are apart. */
int64_t otrs_minutes_since(struct mentiond_op *op, int64_t usec);

/* Whether it has an article.  One that failed half-way stays in the list as a shell without an id. */
bool otrs_has_article(struct json_object *ticket);

/* Id, number, address and, of an answer that names one, article. */
void otrs_ticket_tell(struct mentiond_op *op, struct otrs *otrs, struct json_object *ticket,
                      struct mentiond_filed *ret);

/* The body of a TicketCreate.  Exported to the start, which tries it without making a ticket. */
struct json_object *otrs_create_body(struct mentiond_op *op, struct otrs *otrs,
                                     const struct mentiond_filing *filing);

int otrs_file(struct mentiond_op *op, void *state, const struct mentiond_filing *filing,
              struct mentiond_filed *ret);
int otrs_append(struct mentiond_op *op, void *state, const struct mentiond_filing *filing,
                struct mentiond_filed *ret);
int otrs_find(struct mentiond_op *op, void *state, const struct mentiond_lookup *lookup,
              struct mentiond_filed *ret);
int otrs_note(struct mentiond_op *op, void *state, const struct mentiond_note *note,
              struct mentiond_filed *ret);
int otrs_poll(struct mentiond_op *op, void *state);
int otrs_links(struct mentiond_op *op, void *state);
int otrs_review(struct mentiond_op *op, void *state, const char *ticket, const char *article, struct mentiond_review *ret);
int otrs_close(struct mentiond_op *op, void *state, const char *ticket);

/* --- Without effect */

/* Whether the field SocialThread is there, as far as a search can tell. */
int otrs_check_field(struct mentiond_op *op, struct otrs *otrs);

/* Tries to make a ticket; *ret is what the helpdesk has against it, "" if nothing.  queue: "" for the option's; state: NULL for
 * the option's; field: NULL for all. */
int otrs_try_create(struct mentiond_op *op, struct otrs *otrs, const char *queue, const char *state, const char *field,
                    const char **ret);

/* Tries to give a ticket a state. */
int otrs_try_update(struct mentiond_op *op, struct otrs *otrs, const char *ticket, const char *state, const char **ret);

/* The n-th, from 0, of the dynamic fields that mentiond needs; NULL behind the last. */
const char *otrs_field_name(size_t n);

int otrs_doctor(struct mentiond_op *op, void *state);
int otrs_provision(struct mentiond_op *op, void *state, const struct mentiond_provisioning *provisioning);

#endif
