/* SPDX-License-Identifier: MIT
 *
 * mentiond plugin API: helpdesks.  Read plugin.h first.  Manual: mentiond-plugin(7).
 */
#ifndef MENTIOND_HELPDESK_H
#define MENTIOND_HELPDESK_H

#include <mentiond/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mentiond_attachment {
        uint32_t struct_size;
        uint32_t reserved;
        const char *name;
        const char *type;
        const void *data;        /* of review(): NULL for what is not given, whatever its size */
        uint64_t size;
};

/* A mention to be filed, as a new ticket (ticket is "") or as an article of one. */
struct mentiond_filing {
        uint32_t struct_size;
        uint32_t n_attachments;
        const char *key;         /* names this mention for ever; ASCII, at most 200 bytes, no blank, no '*' */
        const char *thread_key;  /* names the thread; same form */
        const char *ticket;
        const char *queue;       /* from the channel's configuration; "" for the helpdesk's own default */
        const char *title;       /* one line */
        const char *text;        /* plain text, as the agent shall read it */
        const char *customer;    /* a login for the author: "mastodon:@alice@example.social" */
        const char *author;      /* the author's name, without any '@' */
        const char *network;     /* the channel plugin's name */
        const char *url;         /* permalink of the post */
        int64_t created_usec;
        const struct mentiond_attachment *attachments;
        /* of a new ticket: the one from which it goes on, or was split, to be linked to it, which the text says; "" for none */
        const char *after;
        int64_t reopen_since_usec;       /* append(): a ticket that was closed before then is not opened again; 0: any is */
};

struct mentiond_filed {
        uint32_t struct_size;
        uint32_t reserved;
        const char *ticket;      /* the helpdesk's id */
        const char *number;      /* what people call it */
        const char *url;         /* for people; "" if it cannot be known */
        const char *article;     /* its id; of the same kind as those that are emitted */
};

enum mentiond_note_kind {
        MENTIOND_NOTE_PLAIN = 0,
        MENTIOND_NOTE_POSTED = 1,       /* the reply is out: the customer has his answer */
        MENTIOND_NOTE_FAILED = 2,       /* the reply will not be posted by itself */
};

/* A line from mentiond to the agent, that no customer is sent.  What it is about is told for helpdesks that have a place of
 * their own for it: a delivery that failed, a first response that was due. */
struct mentiond_note {
        uint32_t struct_size;
        uint32_t kind;           /* enum mentiond_note_kind */
        const char *key;         /* as in struct mentiond_filing */
        const char *ticket;
        const char *subject;
        const char *text;
        const char *article;     /* the agent's, that it is about */
        const char *url;         /* of the post, if that is known and the kind is POSTED */
        const char *network;     /* as in struct mentiond_filing */
};

/* What find() looks for. */
struct mentiond_lookup {
        uint32_t struct_size;
        uint32_t reserved;
        const char *key;         /* of the mention or the note */
        const char *thread_key;
        const char *ticket;      /* where it must be, if the thread has a ticket already; else "" */
        const char *customer;
        const char *title;
        int64_t tried_usec;      /* when the first attempt began */
};

enum mentiond_article_kind {
        MENTIOND_ARTICLE_REPLY = 1,     /* an agent wrote it for the customer to see */
        MENTIOND_ARTICLE_INTERNAL = 2,  /* a note that an agent wrote for colleagues; or a command */
        MENTIOND_ARTICLE_OTHER = 3,     /* neither: a call, an e-mail, what was written in a ticket of other people */
};

/* What an agent wrote.  What is no reply must be emitted too: if it is made one later it is known by that, and never posted. */
struct mentiond_article {
        uint32_t struct_size;
        uint32_t kind;           /* enum mentiond_article_kind */
        const char *ticket;
        const char *id;          /* unique within the helpdesk; numbers must ascend, for by them mentions are told that
                                  * were in the ticket before a reply was written */
        const char *agent;       /* name of who wrote it */
        const char *html;        /* if it has any; the text is made of it then */
        const char *text;        /* of an internal article always as plain text: its first line may be a command */
        int64_t created_usec;
        int64_t changed_usec;    /* last change of the article, 0 if unknown */
        uint32_t n_attachments;  /* that the agent put on it */
        uint32_t flags;          /* enum mentiond_article_flags */
};

enum mentiond_article_flags {
        MENTIOND_ARTICLE_DOUBTFUL = 1u << 0,  /* a reply now, but not from its beginning, as far as the
                                               * helpdesk tells: held, never posted by itself */
};

enum mentiond_standing {
        MENTIOND_STANDS = 1,     /* it is there, and for the customer to see */
        MENTIOND_TURNED_INTERNAL = 2,
        MENTIOND_TAKEN_BACK = 3, /* it is gone */
};

enum mentiond_review_limits {
        /* of an article's attachments together: those beyond come without data */
        MENTIOND_REVIEW_BYTES_MAX = 40 * 1024 * 1024,
        MENTIOND_REVIEW_ATTACHMENTS_MAX = 100,
        MENTIOND_REVIEW_INTERNAL_MAX = 50,               /* articles */
        MENTIOND_REVIEW_CUSTOMER_MAX = 100,
};

/* How an agent's article and its ticket stand now.  As long as the operation lasts, or until it turns the page. */
struct mentiond_review {
        uint32_t struct_size;
        uint32_t standing;       /* enum mentiond_standing; the rest, but closed, unless it is TAKEN_BACK: an internal article
                                  * may order what is said in public */
        const char *html;        /* html and text: exactly as a poll would emit them */
        const char *text;
        const struct mentiond_attachment *attachments;   /* the agent's, n_attachments of them, with their data */
        uint32_t n_attachments;
        uint32_t closed;         /* 1 if the ticket is closed */
        const char *const *internal;     /* plain texts of the ticket's other internal articles that people wrote, newest first,
                                          * n_internal of them: what must not become public */
        uint32_t n_internal;
        uint32_t n_customer;
        const char *const *customer;     /* what the customer's record holds that could identify him: mail address, phone,
                                          * street, and the like; not what he calls himself in public */
        const struct mentiond_attachment *internal_attachments;  /* of these internal articles, without data: name and size */
        uint32_t n_internal_attachments;
        uint32_t reserved;
};

/* A ticket that belongs to a thread. */
struct mentiond_link {
        uint32_t struct_size;
        uint32_t reserved;
        const char *thread_key;  /* as struct mentiond_filing had it */
        const char *ticket;
        const char *number;
        const char *url;
};

enum mentiond_provision_action {
        MENTIOND_SET_UP = 1,
        MENTIOND_TAKE_DOWN = 2,
};

enum mentiond_provision_flags {
        MENTIOND_APPLY = 1u << 0,             /* do it; otherwise only say what would be done */
        MENTIOND_TAKE_DATA = 1u << 1,         /* take down also what holds data of tickets */
        MENTIOND_HOOK_URL_GUESSED = 1u << 2,  /* hook_url is this machine's own address: another is as good that ends alike */
};

struct mentiond_provisioning {
        uint32_t struct_size;
        uint32_t action;         /* enum mentiond_provision_action */
        uint32_t flags;          /* enum mentiond_provision_flags */
        uint32_t reserved;
        const char *instance;    /* the helpdesk's name in the configuration, for names of what is made */
        const struct mentiond_secret *token;         /* of an administrator, or NULL.  It goes with requests in place of the
                                                      * MENTIOND_BEARER option.  Do not keep it. */
        const char *hook_url;    /* that the helpdesk is to call; "" if mentiond cannot know */
        const struct mentiond_secret *hook_secret;   /* that it has to prove then; NULL if no calls are wanted */
};

struct mentiond_helpdesk {
        struct mentiond_plugin head;

        const char *(*check)(const void *state);     /* optional, as a channel's */
        int (*start)(struct mentiond_op *op, void *state);

        /* Makes a new ticket with its first article.  If it is AMBIGUOUS whether the article is where it should be, but not
         * that it was made, *ret names it. */
        int (*file)(struct mentiond_op *op, void *state, const struct mentiond_filing *filing,
                    struct mentiond_filed *ret);

        /* Adds an article to filing->ticket and reopens the ticket if it is closed.  If that ticket was
         * merged into another it follows, and says so in *ret.  If it was closed before reopen_since_usec nothing is done: GONE
         * with ret->ticket, number and url set. */
        int (*append)(struct mentiond_op *op, void *state, const struct mentiond_filing *filing,
                      struct mentiond_filed *ret);

        /* Looks for an article or note by its key: OK with *ret, ABSENT, UNKNOWN, or a verdict on the
         * attempt to look: GONE if lookup->ticket is, as append() says it.  ABSENT with ret->ticket set: the thread's
         * ticket is there, the article is not. */
        int (*find)(struct mentiond_op *op, void *state, const struct mentiond_lookup *lookup,
                    struct mentiond_filed *ret);

        /* Writes a note.  Nobody is sent it, whatever its kind. */
        int (*note)(struct mentiond_op *op, void *state, const struct mentiond_note *note,
                    struct mentiond_filed *ret);

        /* Emits agents' articles, all new ones of a ticket together and the oldest first: also what a poll emitted that
         * fails afterwards is acted upon at once.  Commits as a channel's poll does. */
        int (*poll)(struct mentiond_op *op, void *state);

        void (*stop)(struct mentiond_op *op, void *state);   /* optional */

        /* Optional.  Emits a link for each ticket that has a thread_key, the oldest first; of one that was merged, the
         * ticket that it was merged into.  Called before poll() where the journal may have forgotten tickets. */
        int (*links)(struct mentiond_op *op, void *state);

        /* Optional.  How the helpdesk's hooks are signed. */
        const struct mentiond_hook *hook;

        /* Optional.  As a channel's; for each of mentiond_queue(), too. */
        int (*doctor)(struct mentiond_op *op, void *state);

        /* Optional.  Makes what mentiond needs in the helpdesk, or takes it down again.  Looks at each thing first, and reports
         * (mentiond_report) that it is there, or would be made, or was: so it is safe to repeat, and goes on where it was
         * interrupted.  Called and judged as doctor(), one at a time. */
        int (*provision)(struct mentiond_op *op, void *state, const struct mentiond_provisioning *provisioning);

        /* Optional.  Reads an agent's article again, and what is around it.  Without it nothing that was written can be taken
         * back, and no files can be posted.  A ticket that is gone is TAKEN_BACK. */
        int (*review)(struct mentiond_op *op, void *state, const char *ticket, const char *article, struct mentiond_review *ret);

        /* Optional.  Closes the ticket.  OK, too, if it is closed; follows a merge. */
        int (*close)(struct mentiond_op *op, void *state, const char *ticket);
};

/* doctor() and provision() only: the n-th, from 0, of the queues that this helpdesk's channels name, "" if one names none;
 * NULL behind the last. */
MENTIOND_EXPORT const char *mentiond_queue(struct mentiond_op *op, uint32_t n);

/* The same for the names of their plugins. */
MENTIOND_EXPORT const char *mentiond_network(struct mentiond_op *op, uint32_t n);

/* links() only.  Of two links of one thread the later counts. */
MENTIOND_EXPORT void mentiond_link(struct mentiond_op *op, const struct mentiond_link *link);

/* poll() only.  Returns 1 if the journal did not know the article, else 0.  Only articles of linked tickets
 * may be emitted. */
MENTIOND_EXPORT int mentiond_emit_article(struct mentiond_op *op, const struct mentiond_article *article);

/* poll() only: a ticket of ours is closed, since when as far as is known, else 0.  May be said again and again. */
MENTIOND_EXPORT void mentiond_closed(struct mentiond_op *op, const char *ticket, int64_t closed_usec);

/* poll() only: moves the horizon (see mentiond_horizon_usec) without emitting. */
MENTIOND_EXPORT void mentiond_saw(struct mentiond_op *op, int64_t seen_usec);

/* 1 if the journal knows an article of this id. */
MENTIOND_EXPORT int mentiond_knows_article(struct mentiond_op *op, const char *id);

/* 1 if a thread is linked to this ticket. */
MENTIOND_EXPORT int mentiond_is_linked(struct mentiond_op *op, const char *ticket);

/* poll() only: the n-th ticket, from 0, that was linked later than it was made, or before any poll ended well; or NULL.  Its
 * articles have to be read, however old they are: find() may have found it hours after an agent did.  When the poll has ended
 * well it counts as read. */
MENTIOND_EXPORT const char *mentiond_unread(struct mentiond_op *op, uint32_t n);

/* The ticket was merged into another: its threads follow.  Commits with the operation. */
MENTIOND_EXPORT void mentiond_merged(struct mentiond_op *op, const char *ticket, const char *into,
                                     const char *number);

#define MENTIOND_HELPDESK_PLUGIN(helpdesk)                                                                  \
        MENTIOND_EXPORT const struct mentiond_plugin *mentiond_plugin_init(void);                           \
        const struct mentiond_plugin *mentiond_plugin_init(void) { return &(helpdesk).head; }

#ifdef __cplusplus
}
#endif
#endif
