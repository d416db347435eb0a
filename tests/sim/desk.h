/* SPDX-License-Identifier: MIT
 * The model helpdesks: what they have in common, whatever their kind.  The oracle and the people know no more of them. */
#ifndef DESK_H
#define DESK_H

#include "social.h"

/* Whose numbers differ from kind to kind. */
enum desk_user { NOBODY, AGENT, DAEMON, OTHER_AGENT };

#define DESK_PASSWORD "api-pw"
#define GOES_ON "\n\nGoes on from ticket "          /* in the first article of a ticket */
#define SPLIT_FROM "\n\nSplit from ticket "         /* so, too */

struct file { char *name, *content; };              /* content: base64 */
struct article {
        int ticket;                      /* where it is now */
        int born_ticket;
        bool agent, visible, born_visible, flipped, moved, hidden_later;         /* agent: not the customer's */
        bool branch;                     /* an agent has asked for it: it shows what another shows, too */
        bool gone;                       /* its author has taken it back */
        bool elsewhere;                  /* an agent said it to somebody, but not here: a call, a mail */
        char *from, *subject, *body, *key;       /* key "": none */
        int64_t created, changed;        /* true time */
        int64_t shown_usec;              /* visible to the API from then on */
        enum desk_user create_by, change_by;
        bool rich;
        int note;                        /* index of the agent's note, or -1 */
        int attachments;                 /* of an agent's note */
        struct file *files;              /* that the daemon attached */
        int n_files;
        int64_t confirmed;               /* when its making was confirmed to the daemon; 0: not */
        int64_t seen_public;             /* when the daemon was first shown it as public; 0: never */
        int64_t seen;                    /* at all; of agents' articles */
        int64_t hidden_usec;             /* when it was last made internal, or taken back; 0: never */
};
struct ticket {
        int desk;
        char *title, *customer, *thread, *network;       /* the last two "": the field is not set */
        const char *state;                       /* its type: new, open, closed, merged */
        int64_t created, closed;         /* closed: when an agent last did that */
        int merged_into;                 /* -1: not */
        bool deleted, foreign, in_merge;
        bool revived;                    /* merged into another, and back by a request that was late; its posts are in the other */
        bool over;                       /* the daemon was shown it closed for long: what comes then goes into a new one */
        int64_t first_merge;             /* when another was first merged into it; 0: never */
        int64_t merged;                  /* when it was merged into another */
};
struct desk {
        const char *name;
        const struct desk_kind *kind;
        int session;                     /* the number of the valid one; 0: none */
        bool locked_out;                 /* the password is refused */
        int64_t right_usec;              /* when it was right again */
};
struct desks {
        struct ticket *tickets;          /* id 1 is the first; of all, as the articles are */
        int n_tickets;
        struct article *articles;
        int n_articles;
        struct desk all[DESKS];
        int n;
};
extern struct desks desks;

/* What a kind does in a way of its own; what is NULL it does not. */
struct desk_kind {
        void (*open)(int desk);
        char *(*settings)(const char *name, bool queue);         /* of its instance */
        struct answer (*handle)(const struct request *q);
        const char *(*mention_in)(struct json_object *body);     /* the text that a request would file, or "" */
        int (*write)(int ticket, bool visible, const char *body);        /* an agent's note */
        void (*show)(int article);                               /* or hide: an agent has changed it so */
        void (*merge)(int ticket, int into);                     /* the articles have moved */
        void (*set_state)(int ticket, const char *state);
        int (*call)(int desk);                                   /* the ticket */
        void (*remove)(int ticket);                              /* or put it where the daemon may not look */
        void (*upset)(int desk);                                 /* for some time it wants nobody, though his password is right */
        void (*calm)(int desk);                                  /* nothing is wrong with it any more */
        bool (*remembers)(const char *key);                      /* of an article whose key is not set */
        bool (*is_answered)(int ticket);                         /* by its own measure: somebody has answered the customer */
        bool notes_in_public;                                    /* what is said to have been posted counts as an answer */
        bool retracts;                                           /* an agent can delete his note for ten minutes */
};
extern const struct desk_kind znuny_kind, zammad_kind;

extern bool desk_zammad;                            /* the worlds have a Zammad, instead of a Znuny */
void desk_init(void);
void desk_calm(void);
struct answer desk_handle(const struct request *q);
void desk_on_fault(const struct request *q);         /* a request that goes wrong in some way */

int desk_add_ticket(int desk, const char *title, const char *customer, const char *state);
int desk_add_article(int ticket, bool agent, bool visible, const char *from, const char *subject, const char *body,
                     enum desk_user user);
void desk_shows(int ticket);                         /* to the daemon */
/* The daemon adds what a customer wrote to a ticket that was closed then, as far as it is told; 0: that is not closed. */
void desk_continues(const struct request *q, int ticket, int64_t closed_usec, const char *body);
int desk_follow(int ticket);                         /* to the ticket that it was merged into in the end */
int desk_ticket(const struct request *q, const char *id);        /* -1: this helpdesk has none */
void desk_take_file(int article, const char *name, const char *content);

/* How each article that was made came to be known to the daemon, and which it was shown as public. */
struct answer desk_confirms(int article, struct json_object *json);
struct answer desk_tells(struct json_object *json);  /* with all that was told since the last answer */
void desk_tell(int article);

/* Agents. */
int desk_note(int ticket, bool visible, const char *body, bool rich, int attachments);   /* the article's index */
void desk_flip(int article);
void desk_retract(int article);
void desk_merge(int ticket, int into);
void desk_close(int ticket);
void desk_reopen(int ticket);
void desk_delete(int ticket);
void desk_call(int desk);                            /* he has somebody on the phone: a ticket that is none of the daemon's */

#endif
