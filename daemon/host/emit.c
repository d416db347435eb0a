/* SPDX-License-Identifier: MIT
 *
 * The functions of <mentiond/channel.h> and <mentiond/helpdesk.h>: what plugins emit, judged, bounded and made into
 * rows for the journal.  Called by plugins from within poll(), fetch() and start().
 */
#include "host/op.h"

#include "base/clock.h"
#include "base/command.h"
#include "base/log.h"
#include "base/text.h"
#include "host/payload.h"

/* Limits on what one item may be.  Anything above is no post of a network that we know. */
#define ID_MAX 1024              /* bytes; Bluesky's at:// URIs are the longest at about 100 */
#define ITEMS_MAX 1000           /* emitted before they are committed in the middle of a poll */
#define ITEMS_BYTES_MAX (1024 * 1024)   /* the same, where they are large */
#define EMITS_MAX 50000          /* new ones in one poll; the next poll goes on where this one ended */
#define MERGES_MAX 1000          /* in one poll; people merge tickets by hand */
#define CLOSED_MAX 10000         /* in one poll; those beyond are closed still when they are met again */
#define ANCESTORS_MAX 5000
#define AGAIN_MAX 1000           /* of one thread: those that were asked for, and the account's own */
#define NOTE_MAX (1024 * 1024)   /* bytes of an agent's note, which must not be cut; networks allow some 100 000 at most */
#define KEY_MAX 200              /* as struct mentiond_filing promises */
#define UNREAD_MAX 100           /* in one poll; the next has the others */
#define LINKS_MAX 1000           /* emitted before they are committed in the middle of links() */

static bool good_id(const char *id)
{
        if (isempty(id) || strlen(id) > ID_MAX)
                return false;
        for (; *id; id++)
                if ((unsigned char) *id < 0x21 || *id == 0x7f)
                        return false;
        return true;
}

/* One line for each, however often a poll sees it. */
static bool put_aside(struct mentiond_op *op, const char *what, const char *id, const char *why)
{
        _cleanup_free_ char *safe = log_escape(strempty(id), 200), *all = xasprintf("%s %s %s", what, safe, why);
        struct instance *i = op->instance;
        uint64_t hash = text_hash(all);

        for (size_t n = 0; n < MIN((size_t) i->n_aside, ELEMENTSOF(i->aside)); n++)
                if (i->aside[n] == hash)
                        return false;
        i->aside[i->n_aside++ % ELEMENTSOF(i->aside)] = hash;
        if (op_may_log(op))
                log_event(LOG_WARNING, "item put aside", F("instance", i->name), F("kind", what), F("id", safe),
                          F("reason", why));
        return false;
}

static bool too_long(const char *text)
{
        return text && strnlen(text, NOTE_MAX + 1) > NOTE_MAX;
}

/* Whether there is room for another item.  What is not taken the next poll shows again: this one's cursors do not count. */
static bool may_emit(struct mentiond_op *op)
{
        if (op_admit(op) != MENTIOND_OK)
                return false;
        if (!op->emit_error && (op->n_items >= ITEMS_MAX || op->items_bytes >= ITEMS_BYTES_MAX)) {
                int r = op_commit(op, false, NULL);

                if (r < 0)
                        op->emit_error = r;
        }
        if (op->emit_error) {
                (void) op_refuse(op, MENTIOND_RETRY, "what was polled cannot be stored");
                return false;
        }
        if (op->n_emitted >= EMITS_MAX) {
                (void) op_refuse(op, MENTIOND_BUG, "more new items than the host takes in one poll");
                return false;
        }
        if (!op->items_arena)
                op->items_arena = arena_new();
        return true;
}

static uint32_t hash_of(const char *id)         /* FNV-1a */
{
        uint32_t hash = 2166136261u;

        for (; *id; id++)
                hash = (hash ^ (unsigned char) *id) * 16777619u;
        return hash;
}

static void add_item(struct mentiond_op *op, const struct store_item *item)
{
        op->items_bytes += strlen(strempty(item->payload));
        if (op->n_items == op->items_allocated) {
                op->items_allocated = MAX(op->items_allocated * 2, (size_t) 64);
                op->items = xrealloc(op->items, op->items_allocated * sizeof *op->items);
                op->hashes = xrealloc(op->hashes, op->items_allocated * sizeof *op->hashes);
        }
        /* Places of one poll can be compared.  What an earlier one showed and this one does not is older: further down than it
         * came, or fallen out of a short list. */
        if (op->n_emitted == 0 && instance_is_channel(op->instance))
                op->place = store_last_place(op->instance->host->store, op->instance->stored.id) + EMITS_MAX;
        op->hashes[op->n_items] = hash_of(item->native_id);
        op->items[op->n_items] = *item;
        /* Of those created at the same time (some servers tell whole seconds) a channel emits the newest first, as networks
         * list them, and a helpdesk the oldest. */
        op->items[op->n_items++].order = instance_is_channel(op->instance) ? op->place - op->n_emitted : op->n_emitted;
        op->n_emitted++;
}

static bool is_emitted(struct mentiond_op *op, const char *id)
{
        uint32_t hash = hash_of(id);

        for (size_t i = 0; i < op->n_items; i++)
                if (op->hashes[i] == hash && streq(op->items[i].native_id, id))
                        return true;
        return false;
}

static char *state_of(struct mentiond_op *op, const char *id)
{
        return store_state_of(op->instance->host->store, op->instance->stored.id, id);
}

/* Whether this poll or the journal has it already. */
static bool is_known(struct mentiond_op *op, const char *id)
{
        _cleanup_free_ char *state = NULL;

        if (is_emitted(op, id))
                return true;
        state = state_of(op, id);
        return state;
}

/* --- Channels --- */

static bool good_mention(struct mentiond_op *op, const struct mentiond_mention *m, const struct mentiond_author *author)
{
        if (!good_id(m->id))
                return put_aside(op, "mention", m->id, "it has no usable id");
        if (!good_id(author->id) || isempty(author->handle))
                return put_aside(op, "mention", m->id, "it has no author");
        if (!isempty(m->parent) && !good_id(m->parent))
                return put_aside(op, "mention", m->id, "the id of the post that it answers is not usable");
        if (!isempty(m->root) && !good_id(m->root))
                return put_aside(op, "mention", m->id, "the id of its thread is not usable");
        return true;
}

static bool good_right(struct mentiond_op *op, const struct mentiond_mention *m)
{
        if (m->reply_right > MENTIOND_REPLY_SUMMONED)
                return put_aside(op, "mention", m->id, "whether it may be answered is said by a number that means nothing");
        if (m->reply_right == MENTIOND_REPLY_UNTIL && m->reply_until_usec <= 0)
                return put_aside(op, "mention", m->id, "it may be answered until a time, and that is missing");
        return true;
}

/* Of a channel that only watches. */
static void limit_right(const struct mentiond_op *op, struct mentiond_mention *m)
{
        if (op->instance->plugin->channel.post || m->reply_right != MENTIOND_MAY_REPLY)
                return;
        m->reply_right = MENTIOND_REPLY_NEVER;
        m->reply_reason = PAYLOAD_ONLY_WATCHED;
}

static struct op_ancestor ancestor_of(struct mentiond_op *op, const struct mentiond_mention *m,
                                      const struct mentiond_author *author)
{
        return (struct op_ancestor) {
                .id = arena_strdup(op->arena, m->id),
                .parent = arena_strdup(op->arena, strempty(m->parent)),
                .handle = arena_strdup(op->arena, author->handle),
                .name = arena_take(op->arena, text_clean(strempty(author->name), strlen(strempty(author->name)))),
                .url = arena_strdup(op->arena, m->url),
                .text = arena_take(op->arena, payload_text(m)),
        };
}

int mentiond_emit(struct mentiond_op *op, const struct mentiond_mention *mention)
{
        struct mentiond_mention m = COPY_SIZED(struct mentiond_mention, mention);
        struct mentiond_author none = { .struct_size = sizeof none, .followers = -1 }, author = none;
        struct instance *i = op->instance;
        _cleanup_free_ char *state = NULL;
        struct store_kept kept = { .handle = NULL };
        char *payload = NULL;
        int64_t seen;
        bool old, again;

        if (m.author)
                author = COPY_SIZED(struct mentiond_author, m.author);
        if (!may_emit(op) || !good_mention(op, &m, &author) || !good_right(op, &m))
                return 0;
        limit_right(op, &m);
        if (op->asked && streq(op->asked, m.id) && !isempty(m.root))
                op->root = arena_strdup(op->arena, m.root);
        seen = m.seen_usec ? m.seen_usec : m.created_usec;
        op->seen_usec = MAX(op->seen_usec, seen);
        if (streq(author.id, i->self_id) || is_emitted(op, m.id))
                return 0;
        state = state_of(op, m.id);
        again = state && streq(state, STATE_SHOWN);      /* now its place among the others is known better */
        if (state && !again)
                return 0;
        /* Until the first poll has ended all is old; later, what the network had shown before it.  Both by the
         * network's clock: ours may differ. */
        old = !i->stored.polled || (seen && seen < i->stored.baseline_usec);
        if (!old && !again)
                payload = arena_take(op->items_arena, payload_of_mention(op->items_arena, &m, &author, &kept));
        add_item(op, &(struct store_item) {
                .kind = KIND_MENTION,
                .state = old ? STATE_KNOWN : STATE_NEW,
                .native_id = arena_strdup(op->items_arena, m.id),
                .root = arena_strdup(op->items_arena, m.root),
                .parent = arena_strdup(op->items_arena, m.parent),
                .created_usec = m.created_usec,
                .ready_usec = steady_usec(),
                .payload = payload,
                .kept = kept,
        });
        return !old && !again;
}

int mentiond_knows(struct mentiond_op *op, const char *id)
{
        return is_known(op, strempty(id));
}

void mentiond_emit_ancestor(struct mentiond_op *op, const struct mentiond_mention *mention)
{
        struct mentiond_mention m = COPY_SIZED(struct mentiond_mention, mention);
        struct mentiond_author author = { .struct_size = 0 };

        if (m.author)
                author = COPY_SIZED(struct mentiond_author, m.author);
        if (op_admit(op) != MENTIOND_OK || !good_id(m.id) || op->n_ancestors >= ANCESTORS_MAX)
                return;
        op->ancestors = xrealloc(op->ancestors, (op->n_ancestors + 1) * sizeof *op->ancestors);
        op->ancestors[op->n_ancestors++] = ancestor_of(op, &m, &author);
}

/* Room for one more post that was read again; NULL: it is not taken. */
static struct op_again *add_again(struct mentiond_op *op, const char *id)
{
        if (op_admit(op) != MENTIOND_OK)
                return NULL;
        if (!good_id(id)) {
                (void) put_aside(op, "post", id, "it has no usable id");
                return NULL;
        }
        for (size_t i = 0; i < op->n_again; i++)
                if (streq(op->again[i].id, id))
                        return NULL;
        if (op->n_again >= AGAIN_MAX) {
                (void) op_refuse(op, MENTIOND_BUG, "more posts than the host takes of one thread");
                return NULL;
        }
        op->again = xrealloc(op->again, (op->n_again + 1) * sizeof *op->again);
        op->again[op->n_again] = (struct op_again) { .id = arena_strdup(op->arena, id) };
        return &op->again[op->n_again++];
}

void mentiond_emit_again(struct mentiond_op *op, const struct mentiond_mention *mention)
{
        struct mentiond_mention m = COPY_SIZED(struct mentiond_mention, mention);
        struct mentiond_author author = { .struct_size = 0 };
        struct op_again *again;

        if (m.author)
                author = COPY_SIZED(struct mentiond_author, m.author);
        if (!good_id(author.id)) {
                (void) put_aside(op, "post", m.id, "it has no author");
                return;
        }
        if (!good_right(op, &m))
                return;
        limit_right(op, &m);
        again = add_again(op, m.id);
        if (!again)
                return;
        again->author = arena_strdup(op->arena, author.id);
        again->parent = arena_strdup(op->arena, m.parent);
        again->text = arena_take(op->arena, payload_text(&m));
        again->url = arena_strdup(op->arena, m.url);
        again->created_usec = m.created_usec;
        again->edited_usec = m.edited_usec;
        again->right = payload_right(op->arena, &m);
}

void mentiond_emit_gone(struct mentiond_op *op, const char *id)
{
        struct op_again *again = add_again(op, id);

        if (!again)
                return;
        again->author = again->parent = again->text = again->url = "";
        again->gone = true;
}

void mentiond_set_self(struct mentiond_op *op, const char *id, const char *handle)
{
        strset(&op->instance->self_id, strempty(id));
        strset(&op->instance->self_handle, strempty(handle));
}

void mentiond_set_caps(struct mentiond_op *op, const struct mentiond_caps *caps)
{
        struct instance *i = op->instance;

        i->caps = COPY_SIZED(struct mentiond_caps, caps);
        strset(&i->upload_types, strempty(i->caps.upload_types));
        i->caps.upload_types = i->upload_types;
}

const char *mentiond_self(struct mentiond_op *op)
{
        return op->instance->self_id;
}

const char *mentiond_self_handle(struct mentiond_op *op)
{
        return op->instance->self_handle;
}

int mentiond_is_posted(struct mentiond_op *op, const char *id)
{
        return store_is_part(op->instance->host->store, op->instance->stored.id, strempty(id));
}

/* --- Helpdesks --- */

/* What an internal article is for us: most are only known.  Those that say something on the network are replies, and go their
 * way. */
static void read_command(struct mentiond_op *op, const struct mentiond_article *a, struct store_item *item)
{
        char *text = arena_take(op->items_arena, payload_body(a->html, a->text));
        struct command c = command_parse(text);

        item->state = STATE_KNOWN;
        if (c.name == COMMAND_NONE)
                return;
        item->state = STATE_WAITING;
        item->kind = KIND_COMMAND;
        item->reason = NULL;
        if ((c.name == COMMAND_DM || c.name == COMMAND_PUBLIC || c.name == COMMAND_CLOSE) && *c.text) {
                item->kind = KIND_REPLY;
                item->kept.visibility = c.name == COMMAND_DM ? MENTIOND_DIRECT : MENTIOND_PUBLIC;
        }
        item->payload = arena_take(op->items_arena, payload_of_command(a, &c));
}

int mentiond_emit_article(struct mentiond_op *op, const struct mentiond_article *article)
{
        struct mentiond_article a = COPY_SIZED(struct mentiond_article, article);
        struct instance *i = op->instance;
        const char *state = STATE_WAITING, *reason = NULL;
        struct store_item item;

        if (!may_emit(op))
                return 0;
        if (!good_id(a.id) || !good_id(a.ticket)) {
                (void) put_aside(op, "article", a.id, "it has no usable id or ticket");
                return 0;
        }
        op->seen_usec = MAX(op->seen_usec, a.created_usec);
        if (is_known(op, a.id) || !mentiond_is_linked(op, a.ticket))
                return 0;
        if (too_long(a.text) || too_long(a.html)) {
                reason = "its text is longer than any network allows";
                a.text = a.html = NULL;
        }
        /* In a store that was built anew: older than what its channels are asked for again. */
        if (a.created_usec && a.created_usec < i->stored.baseline_usec) {
                state = STATE_KNOWN;
        } else if (a.flags & MENTIOND_ARTICLE_DOUBTFUL) {
                reason = "the note was not public from its beginning";
        } else if (a.created_usec && a.created_usec < i->stored.horizon_usec && !i->stored.behind &&
                   !store_is_after_mention(i->host->store, i->stored.id, a.ticket, a.id)) {
                reason = "the note is old: it was moved here, or made public later";
        }
        item = (struct store_item) {
                .kind = KIND_REPLY,
                .state = state,
                .native_id = arena_strdup(op->items_arena, a.id),
                .ticket = arena_strdup(op->items_arena, a.ticket),
                .reason = reason,
                .created_usec = a.created_usec,
                .ready_usec = steady_usec(),
        };
        if (a.kind == MENTIOND_ARTICLE_REPLY || streq(state, STATE_KNOWN))
                item.payload = arena_take(op->items_arena, payload_of_article(&a));
        else if (a.kind == MENTIOND_ARTICLE_INTERNAL)
                read_command(op, &a, &item);
        else
                item.state = STATE_KNOWN;
        add_item(op, &item);
        return !streq(item.state, STATE_KNOWN);
}

void mentiond_saw(struct mentiond_op *op, int64_t seen_usec)
{
        op->seen_usec = MAX(op->seen_usec, seen_usec);
}

int mentiond_knows_article(struct mentiond_op *op, const char *id)
{
        return is_known(op, strempty(id));
}

int mentiond_is_linked(struct mentiond_op *op, const char *ticket)
{
        for (size_t i = 0; i < op->n_merges; i++)        /* before they are committed */
                if (streq(op->merges[i].into, strempty(ticket)))
                        return 1;
        return store_is_linked(op->instance->host->store, op->instance->stored.id, strempty(ticket));
}

const char *mentiond_unread(struct mentiond_op *op, uint32_t n)
{
        if (!op->unread) {
                int r;

                op->unread = arena_alloc(op->arena, UNREAD_MAX * sizeof *op->unread);
                r = store_unread(op->instance->host->store, op->arena, op->instance->stored.id, op->unread, UNREAD_MAX);
                op->n_unread = (size_t) MAX(r, 0);
                op->emit_error = MIN(r, op->emit_error);
        }
        return n < op->n_unread ? op->unread[n].ticket : NULL;
}

void mentiond_merged(struct mentiond_op *op, const char *ticket, const char *into, const char *number)
{
        if (!good_id(ticket) || !good_id(into) || streq(ticket, into))
                return;
        if (op->n_merges >= MERGES_MAX) {
                (void) op_refuse(op, MENTIOND_BUG, "more merged tickets than the host takes in one poll");
                return;
        }
        op->merges = xrealloc(op->merges, (op->n_merges + 1) * sizeof *op->merges);
        op->merges[op->n_merges++] = (struct store_merge) {
                arena_strdup(op->arena, ticket), arena_strdup(op->arena, into), arena_strdup(op->arena, number),
        };
}

void mentiond_closed(struct mentiond_op *op, const char *ticket, int64_t closed_usec)
{
        if (op_admit(op) != MENTIOND_OK || !good_id(ticket) || op->n_closed >= CLOSED_MAX)
                return;
        op->closed = xrealloc(op->closed, (op->n_closed + 1) * sizeof *op->closed);
        op->closed[op->n_closed++] = (struct op_closed) { arena_strdup(op->arena, ticket), MAX(closed_usec, (int64_t) 0) };
}

/* Keys are "CHANNEL:ROOT" as flow made them, the root percent-encoded; or "CHANNEL:FIRST>ROOT", or of a branch
 * "CHANNEL:FIRST+ROOT". */
void mentiond_link(struct mentiond_op *op, const struct mentiond_link *link)
{
        struct mentiond_link l = COPY_SIZED(struct mentiond_link, link);
        const char *colon = strchr(strempty(l.thread_key), ':'), *sign = colon ? strpbrk(colon, ">+") : NULL;
        struct instance *channel;
        char *root, *first = NULL;

        if (op_admit(op) != MENTIOND_OK || !colon || !good_id(l.ticket) || op->emit_error)
                return;
        channel = host_find(op->instance->host, arena_printf(op->arena, "%.*s", (int) (colon - l.thread_key), l.thread_key));
        root = arena_take(op->arena, text_percent_decode(sign ? sign + 1 : colon + 1));
        if (sign)
                first = arena_take(op->arena,
                                   text_percent_decode(arena_printf(op->arena, "%.*s", (int) (sign - colon - 1), colon + 1)));
        /* A key that had to be shortened does not tell its root; find() meets that ticket when the thread goes on. */
        if (!channel || !instance_is_channel(channel) || !good_id(root) || (first && !good_id(first))
            || strlen(l.thread_key) >= KEY_MAX)
                return;
        if (op->n_links >= LINKS_MAX)
                op->emit_error = MIN(op_commit(op, false, NULL), 0);
        op->links = xrealloc(op->links, (op->n_links + 1) * sizeof *op->links);
        op->links[op->n_links++] = (struct store_link) {
                .channel = channel->stored.id,
                .root = root,
                .ticket = arena_strdup(op->arena, l.ticket),
                .number = arena_strdup(op->arena, l.number),
                .url = arena_strdup(op->arena, l.url),
                .first = first,
                .branch = sign && *sign == '+',
        };
}
