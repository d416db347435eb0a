/* SPDX-License-Identifier: MIT
 *
 * mentiond plugin API: channels.  Read plugin.h first.  Manual: mentiond-plugin(7).
 */
#ifndef MENTIOND_CHANNEL_H
#define MENTIOND_CHANNEL_H

#include <mentiond/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

enum mentiond_mention_kind {
        MENTIOND_MENTION = 1,   /* a post that names the account */
        MENTIOND_COMMENT = 2,   /* a comment under the account's own post */
        MENTIOND_QUOTE = 3,
        MENTIOND_REVIEW = 4,
        MENTIOND_MESSAGE = 5,   /* a direct message */
};

/* Who can read a post, widest first. */
enum mentiond_visibility {
        MENTIOND_PUBLIC = 1,
        MENTIOND_UNLISTED = 2,
        MENTIOND_FOLLOWERS = 3,
        MENTIOND_DIRECT = 4,
};

enum mentiond_author_flags {
        MENTIOND_VERIFIED = 1u << 0,
        MENTIOND_BOT = 1u << 1,
};

struct mentiond_author {
        uint32_t struct_size;
        uint32_t flags;
        const char *id;          /* the network's id, never reused */
        const char *handle;      /* as one would address it: "@alice@example.social" */
        const char *name;        /* what the author calls himself */
        const char *url;
        int64_t followers;       /* -1: unknown */
        int64_t created_usec;    /* when the account was made */
};

struct mentiond_media {
        uint32_t struct_size;
        uint32_t reserved;
        const char *url;
        const char *type;        /* "image/png"; or "image" and the like if that is all the network says */
        const char *description; /* alternative text */
        const char *id;          /* where the file has no address that others may know: download() gets it by this */
};

/* What a file of a mention holds. */
struct mentiond_file {
        uint32_t struct_size;
        uint32_t reserved;
        const char *name;        /* "" if the network has none for it */
        const void *data;
        uint64_t size;
};

/* Whether the account may answer a post where it stands.  What is said to the author alone is bound by it only if the
 * post was for the account alone, too. */
enum mentiond_reply_right {
        MENTIOND_MAY_REPLY = 0,
        MENTIOND_REPLY_UNTIL = 1,        /* until reply_until_usec */
        MENTIOND_REPLY_NEVER = 2,        /* the author or the network does not allow it */
        MENTIOND_REPLY_SUMMONED = 3,     /* only who calls the account is answered, and this post does not */
};

/* One inbound item.  Give the body as html or as text, whichever the network has. */
struct mentiond_mention {
        uint32_t struct_size;
        uint32_t kind;           /* enum mentiond_mention_kind */
        uint32_t visibility;     /* enum mentiond_visibility */
        uint32_t n_media;
        const char *id;          /* unique within the channel */
        const char *parent;      /* id of the post that it answers */
        const char *root;        /* id of the thread's first post; "" if only fetch() can tell.  A post
                                  * without parent and root is its own root. */
        const char *url;         /* permalink for people */
        const char *html;
        const char *text;
        const char *warning;     /* content warning or subject */
        const char *language;    /* BCP 47 */
        int64_t created_usec;    /* when it was written */
        int64_t edited_usec;
        int64_t seen_usec;       /* when the network showed it to the account, on the network's clock;
                                  * 0: as created_usec.  Feeds mentiond_horizon_usec(). */
        const struct mentiond_author *author;
        const struct mentiond_media *media;   /* n_media of them */
        uint32_t reply_right;    /* enum mentiond_reply_right */
        uint32_t reserved;
        int64_t reply_until_usec;/* of MENTIOND_REPLY_UNTIL, by the network's clock */
        const char *reply_reason;/* one sentence for the agent: why not, or why only until then */
        const struct mentiond_mention *above;    /* the post right above it, where the network shows that along: the one that it
                                  * answers; or, without a parent, what it stands below, as the account's own post or what is
                                  * reviewed.  Quoted in the ticket unless the agent has it there already, or fetch() tells
                                  * more: its id, its author's handle and name, its text and url count. */
};

/* A file that goes out with a post. */
struct mentiond_upload {
        uint32_t struct_size;
        uint32_t reserved;
        const char *name;
        const char *type;        /* "image/png" */
        const char *description; /* alternative text; "" if there is none */
        const void *data;
        uint64_t size;
};

/* A part to be posted. */
struct mentiond_post {
        uint32_t struct_size;
        uint32_t visibility;     /* no wider than this */
        const char *key;         /* idempotency key: the same in each attempt at this part */
        /* whole, as it is to appear, the handle of who is answered included unless the network names it */
        const char *text;
        const char *parent;      /* id of the post to answer */
        const char *root;
        const char *warning;     /* that of the post answered */
        const char *language;
        int64_t tried_usec;      /* when the first attempt at this part began, the same in each: it cannot be older than that */
        const char *only;        /* of a DIRECT one: the handle of the one person who may be named in it and see it */
        const struct mentiond_upload *uploads;  /* n_uploads of them; of find(): without data */
        uint32_t n_uploads;
        uint32_t again;          /* 1: an attempt went before this one, and may have arrived after all */
};

/* The i-th file: the host's structs may be larger than those of this header. */
static inline const struct mentiond_upload *mentiond_upload_at(const struct mentiond_post *post, uint32_t i)
{
        return (const struct mentiond_upload *) ((const char *) post->uploads + (size_t) i * post->uploads->struct_size);
}

struct mentiond_posted {
        uint32_t struct_size;
        uint32_t reserved;
        const char *id;
        const char *url;
};

/* A post of the account that is to say something else. */
struct mentiond_change {
        uint32_t struct_size;
        uint32_t reserved;
        const char *id;
        const char *text;        /* whole, as it is to appear */
};

enum mentiond_reaction {
        MENTIOND_LIKE = 1,
        MENTIOND_REPOST = 2,
        MENTIOND_HIDE = 3,       /* somebody's answer below the account's own post */
};

enum mentiond_cap_flags {
        MENTIOND_CAN_DIRECT = 1u << 0,   /* posts that one person alone sees */
        MENTIOND_CAN_EDIT = 1u << 1,
        MENTIOND_CAN_REMOVE = 1u << 2,
        MENTIOND_CAN_LIKE = 1u << 3,
        MENTIOND_CAN_REPOST = 1u << 4,
        MENTIOND_CAN_HIDE = 1u << 5,
        MENTIOND_TELLS_AUTHOR = 1u << 6, /* who is answered learns it without being named: no text begins with his handle */
};

/* What the account can do. */
struct mentiond_caps {
        uint32_t struct_size;
        uint32_t length_unit;    /* enum mentiond_unit */
        int64_t length_max;      /* of one post; 0: unbounded */
        int64_t url_length;      /* what a URL counts as; 0: as it is */
        uint32_t handle_is_local;/* of @user@domain only @user counts */
        uint32_t flags;          /* enum mentiond_cap_flags */
        uint32_t uploads_max;    /* files of one post; 0: none can be posted */
        uint32_t description_max;/* code points of an alternative text; 0: unbounded */
        uint64_t upload_size_max;/* bytes of one; 0: unbounded */
        const char *upload_types;/* "image/png image/jpeg"; NULL or "": any */
        int64_t bytes_max;       /* of one post, besides length_max; 0: unbounded */
};

/* A channel.  state is the plugin's own, as declared by state_size and filled from the options.  Callbacks
 * return a verdict; those marked optional may be NULL. */
struct mentiond_channel {
        struct mentiond_plugin head;

        /* Optional.  Judges the options together, without asking anybody: NULL, or what is wrong, as a constant that
         * begins with the name of an option. */
        const char *(*check)(const void *state);

        /* Proves the credentials and learns who the account is (mentiond_set_self) and what it can
         * (mentiond_set_caps).  Called before all others, and again after AUTH. */
        int (*start)(struct mentiond_op *op, void *state);

        /* Emits what is there, in any order; of what was written at the same time the newest first, as networks
         * list it.  With OK all that was emitted commits together with the cursors, and
         * the horizon moves.  Otherwise what was emitted is kept, but not filed before a poll ends with OK (or none
         * did for 10 minutes), and neither cursors nor horizon move: the next poll reads again down to the old horizon,
         * and loses nothing. */
        int (*poll)(struct mentiond_op *op, void *state);

        /* Optional.  Reads one post again: emits it, and before it its ancestors by mentiond_emit_ancestor(),
         * root first.  Needed where poll() cannot tell the root: where the journal knows none of the ancestors it is what the
         * post says, else the first ancestor. */
        int (*fetch)(struct mentiond_op *op, void *state, const char *id);

        /* Posts one part.  Must not say OK unless the network confirmed it.  Optional: without it the channel only watches.  Its
         * mentions are filed as ones that cannot be answered, and what agents write is not posted, which they are told. */
        int (*post)(struct mentiond_op *op, void *state, const struct mentiond_post *post,
                    struct mentiond_posted *ret);

        /* Optional.  Looks for a part that may have been posted: OK with *ret, ABSENT, UNKNOWN, or a
         * verdict on the attempt to look.  Without it, an ambiguous reply is held for a person. */
        int (*find)(struct mentiond_op *op, void *state, const struct mentiond_post *post,
                    struct mentiond_posted *ret);

        /* Optional.  Ends the account's session; no request may be needed for it. */
        void (*stop)(struct mentiond_op *op, void *state);

        /* Optional.  How the network's hooks are signed. */
        const struct mentiond_hook *hook;

        /* Optional.  Checks live all that the account needs, and reports on each thing (mentiond_report): token, rights,
         * limits.  Changes nothing on the other side.  Also called before start() has said OK, and beside the others.  A verdict
         * other than OK says that it could not go on; the reason is shown.  Without it, start() is tried. */
        int (*doctor)(struct mentiond_op *op, void *state);

        /* Optional, each; the caps' flags say which of them the account can use.  May be called again for what is done
         * already, and say OK then; so they are RETRY where they may have happened. */
        int (*edit)(struct mentiond_op *op, void *state, const struct mentiond_change *change);
        int (*remove)(struct mentiond_op *op, void *state, const char *id);      /* OK, too, if it is gone */
        int (*react)(struct mentiond_op *op, void *state, uint32_t reaction, const char *id);

        /* Optional.  Reads posts of one thread again, n of them, the newest first: for each of these ids mentiond_emit_again() or
         * mentiond_emit_gone(), unless it could not be found out.  What else it sees in the thread it may emit again, too,
         * above all what the account wrote there itself; and mentiond_emit() what is for the account, and poll() was not shown.
         */
        int (*reread)(struct mentiond_op *op, void *state, const char *const *ids, uint32_t n);

        /* Optional.  Gets a file of a mention that has an id and no url, of at most max bytes.  Called when the ticket is made:
         * it has 20 seconds, and what fails is told in the ticket. */
        int (*download)(struct mentiond_op *op, void *state, const char *id, uint64_t max, struct mentiond_file *ret);
};

/* poll(), fetch() and reread() only.  Returns 1 if the journal did not know the item, else 0.  The account's own posts
 * and what was there before the channel's start are not new.  An item that breaks the rules (no id, no
 * author, over the limits of mentiond-plugin(7)) is set aside with a line in the log and counts as known. */
MENTIOND_EXPORT int mentiond_emit(struct mentiond_op *op, const struct mentiond_mention *mention);
MENTIOND_EXPORT void mentiond_emit_ancestor(struct mentiond_op *op, const struct mentiond_mention *ancestor);

/* 1 if the journal has this mention, or it was emitted before: for what a request would have to be made about. */
MENTIOND_EXPORT int mentiond_knows(struct mentiond_op *op, const char *id);

/* reread(), and poll() where that is how the network tells changes: a post as it is now.  The host sees whether it was edited,
 * and whether the account wrote it outside the helpdesk, and whether it may be answered now where it could not.  Only its body,
 * its author, its times and the right to answer it are looked at. */
MENTIOND_EXPORT void mentiond_emit_again(struct mentiond_op *op, const struct mentiond_mention *mention);

/* The same: the network says that this post is no more. */
MENTIOND_EXPORT void mentiond_emit_gone(struct mentiond_op *op, const char *id);

/* start() only. */
MENTIOND_EXPORT void mentiond_set_self(struct mentiond_op *op, const char *id, const char *handle);
MENTIOND_EXPORT void mentiond_set_caps(struct mentiond_op *op, const struct mentiond_caps *caps);

/* The account's own id and handle, as start() set them. */
MENTIOND_EXPORT const char *mentiond_self(struct mentiond_op *op);
MENTIOND_EXPORT const char *mentiond_self_handle(struct mentiond_op *op);

/* 1 if the journal says that this post is a part of a reply: for find(), so that one post is never taken
 * for two. */
MENTIOND_EXPORT int mentiond_is_posted(struct mentiond_op *op, const char *id);

#define MENTIOND_CHANNEL_PLUGIN(channel)                                                                    \
        MENTIOND_EXPORT const struct mentiond_plugin *mentiond_plugin_init(void);                           \
        const struct mentiond_plugin *mentiond_plugin_init(void) { return &(channel).head; }

#ifdef __cplusplus
}
#endif
#endif
