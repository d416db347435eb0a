/* SPDX-License-Identifier: MIT
 *
 * What each plugin for channels must do, whatever its server answers.
 */
#include "channel.h"

#include "host/payload.h"

#include <mentiond/json.h>

#define LETTERS_MAX 8
#define LETTERS_AND_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

char channel_operation;
unsigned channel_posts, channel_confirmations;

static const struct channel_target *target;

static bool is_look(void)
{
        return channel_operation == 'l' || channel_operation == 'k';
}

static void on_request(const struct http_request *q, const struct http_reply *r)
{
        _cleanup_free_ char *signs = xasprintf("%s%s", LETTERS_AND_DIGITS "-._~%/?&=", target->signs);

        MUST(startswith(q->url, target->base) && r->fate != HTTP_REFUSED);
        /* Whatever ids a server makes up, they stay one part of the path or query. */
        MUST(!q->url[strlen(target->base) + strspn(q->url + strlen(target->base), signs)]);
        MUST(!strstr(q->url, "/../") && (!strchr(q->url, '?') || strchr(q->url, '?') == strrchr(q->url, '?')));
        if (target->on_request(q))
                MUST(!q->repeatable && ++channel_posts <= target->posts_max);
        if (channel_posts)
                channel_confirmations += r->fate == HTTP_REPLIED && r->status >= 200 && r->status < 300;
}

struct mentiond_post channel_part(void)
{
        return (struct mentiond_post) {
                .struct_size = sizeof(struct mentiond_post), .visibility = MENTIOND_UNLISTED, .key = "key",
                .text = "an answer", .parent = "100", .root = "100", .warning = "", .language = "en",
                .tried_usec = INT64_C(1795299990) * USEC_PER_SEC, .only = "",
        };
}

static int post(struct mentiond_op *op)
{
        const struct mentiond_channel *c = &brand->plugin->channel;
        struct mentiond_posted posted = { .struct_size = sizeof posted };
        const struct mentiond_post part = target->part();
        int verdict = (is_look() ? c->find : c->post)(op, brand->plugin_state, &part, &posted);

        if (verdict == MENTIOND_OK)
                MUST(posted.id && *posted.id && !channel_posts == is_look());
        if (verdict == MENTIOND_OK && is_look())
                MUST(!mentiond_is_posted(op, posted.id));
        /* What may have left must not be tried again. */
        if (channel_posts && verdict == MENTIOND_RETRY)
                MUST(channel_confirmations == 0);
        return verdict;
}

static int download(struct mentiond_op *op)
{
        struct mentiond_file file = { .struct_size = sizeof file };
        int verdict = brand->plugin->channel.download(op, brand->plugin_state, "AgAC", 1000, &file);

        MUST(verdict != MENTIOND_OK || (file.data && file.size <= 1000 && file.name));
        return verdict;
}

/* What may be called again for what is done already. */
static int change(struct mentiond_op *op)
{
        const struct mentiond_channel *c = &brand->plugin->channel;
        const struct mentiond_change other = { .struct_size = sizeof other, .id = target->own, .text = "other" };
        const char *letter = strchr(target->reactions, channel_operation);
        uint32_t reaction = letter ? MENTIOND_LIKE + (uint32_t) (letter - target->reactions) : 0;
        int verdict;

        if (channel_operation == 'e')
                verdict = c->edit(op, brand->plugin_state, &other);
        else if (channel_operation == 'd')
                verdict = c->remove(op, brand->plugin_state, target->own);
        else
                verdict = c->react(op, brand->plugin_state, reaction, target->theirs);
        MUST(verdict != MENTIOND_AMBIGUOUS);
        return verdict;
}

static bool is_asked_for(const char *id)
{
        for (size_t i = 0; i < ELEMENTSOF(target->ids); i++)
                if (target->ids[i] && streq(id, target->ids[i]))
                        return true;
        return false;
}

static void check_items(struct mentiond_op *op)
{
        for (size_t i = 0; i < op->n_items; i++) {
                const struct store_item *item = &op->items[i];
                const char *payload = strempty(item->payload);
                struct json_object *o = payload_parse(op->arena, *payload ? payload : "{}");

                MUST(o && fuzz_is_utf8(payload) && !strstr(payload, WORLD_SECRET));
                MUST(*item->native_id && !streq(item->native_id, "100"));
                if (target->on_item)
                        target->on_item(item, o);
        }
        for (size_t i = 0; i < op->n_ancestors; i++)
                MUST(*op->ancestors[i].id && fuzz_is_utf8(op->ancestors[i].text));
        for (size_t i = 0; i < op->n_again; i++) {
                const struct op_again *a = &op->again[i];

                MUST(*a->id && fuzz_is_utf8(a->text));
                if (!is_asked_for(a->id))
                        MUST(!a->gone && (!target->tells_own_only || streq(a->author, brand->self_id)));
        }
}

static int call(struct mentiond_op *op)
{
        const struct mentiond_channel *c = &brand->plugin->channel;
        int verdict;

        switch (channel_operation) {
        case 's':
                verdict = c->start(op, brand->plugin_state);
                MUST(verdict != MENTIOND_OK || *brand->self_id);
                return verdict;
        case 'p':
                return c->poll(op, brand->plugin_state);
        case 'f':
                return c->fetch(op, brand->plugin_state, target->ids[0]);
        case 'r':
                verdict = c->reread(op, brand->plugin_state, target->ids, ELEMENTSOF(target->ids));
                MUST(verdict != MENTIOND_AMBIGUOUS && verdict != MENTIOND_THROTTLED && verdict != MENTIOND_GONE);
                return verdict;
        case 'g':
                return download(op);
        case 'o':
        case 'm':
        case 'w':
        case 'l':
        case 'k':
                return post(op);
        default:
                return change(op);
        }
}

static void run(void *data)
{
        _cleanup_op_ struct mentiond_op op;
        int verdict;

        channel_operation = *(const char *) data;
        channel_posts = channel_confirmations = 0;
        op_begin(&op, brand, "fuzz", strchr("pf", channel_operation) ? POLL_DEADLINE_USEC : OP_DEADLINE_USEC);
        verdict = call(&op);
        check_items(&op);
        if (target->on_end)
                target->on_end(&op, verdict);
        if (channel_operation == 'p')
                MUST(op_commit(&op, verdict == MENTIOND_OK, NULL) == 0);
        MUST(verdict >= MENTIOND_OK && verdict <= MENTIOND_BLOCKED);
        MUST((verdict == MENTIOND_ABSENT || verdict == MENTIOND_UNKNOWN) <= is_look());
        MUST(verdict == MENTIOND_OK || verdict == MENTIOND_ABSENT || *op.reason);
        MUST(!fuzz_has(op.reason, "\n") && !strstr(op.reason, WORLD_SECRET));
        MUST(op_judge(&op, verdict) == verdict);
}

int channel_run(const struct channel_target *t, const uint8_t *data, size_t size)
{
        struct input in = { (const char *) data, size };
        _cleanup_free_ char *letters = input_line(&in);

        if (world_knows_secret(data, size))
                return 0;
        target = t;
        world_brand = t->settings;
        world_on_request = on_request;
        world_begin(&in);
        if (t->on_begin)
                t->on_begin();
        for (size_t i = 0; letters[i] && i < LETTERS_MAX; i++)
                if (letters[i] == 'n')
                        brand->stored.polled = false;
                else if (strchr(t->operations, letters[i]))
                        world_run(run, &letters[i]);
                else if (t->on_letter)
                        t->on_letter(letters[i]);
        world_end();
        return 0;
}
