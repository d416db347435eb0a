/* SPDX-License-Identifier: MIT
 *
 * The otrs plugin against any server.  The first line says which operations are called, a letter each: s(tart), p(oll),
 * c (file: a new ticket), a(ppend), n(ote), l(ook: find, with a ticket), t (find, without one), r(eview), x (close); first a q if
 * the helpdesk has no queue of its own.  The rest are answers (http.c).
 */
#include "world.h"

#include "host/payload.h"

#include <mentiond/json.h>

#define OPERATIONS_MAX 8
#define BASE "https://desk.example/nph-genericinterface.pl/Webservice/mentiond/"

static unsigned writes, written;

static void on_request(const struct http_request *q, const struct http_reply *r)
{
        struct json_object *body = json_tokener_parse(q->body);
        const char *operation = q->url + strlen(BASE);
        bool article = mj_get(body, "Article");

        MUST(startswith(q->url, BASE) && streq(q->method, "POST") && body);
        MUST(!q->bearer && r->fate != HTTP_REFUSED);
        MUST(!!strstr(q->body, WORLD_SECRET) == streq(operation, "SessionCreate"));
        /* What makes an article is no request that may be repeated, but for the one at the start that makes nothing. */
        if (article && !mj_get(body, "Attachment"))
                MUST(!q->repeatable);
        /* What agents are not to answer in public by mistake. */
        if (article && strcmp(mj_str(mj_get(body, "Article"), "SenderType"), "agent") == 0)
                MUST(mj_int(mj_get(body, "Article"), "IsVisibleForCustomer", -1) == 0);
        if (article)
                MUST(!strchr(mj_str(mj_get(body, "Article"), "From"), '@'));
        writes += article;
        written += article && r->fate == HTTP_REPLIED && r->status == 200;
        (void) json_object_put(body);
}

/* All that is told can be read, and is within its bounds. */
static int review(struct mentiond_op *op)
{
        struct mentiond_review found = { .struct_size = sizeof found };
        int r = desk->plugin->helpdesk.review(op, desk->plugin_state, "7", "41", &found);
        size_t bytes = 0, letters = 0;

        if (r != MENTIOND_OK)
                return r;
        MUST(found.standing >= MENTIOND_STANDS && found.standing <= MENTIOND_TAKEN_BACK && found.closed <= 1);
        MUST(found.standing == MENTIOND_TAKEN_BACK ? !found.n_attachments && !found.n_internal && !found.n_customer : found.html && found.text);
        MUST(found.n_attachments <= MENTIOND_REVIEW_ATTACHMENTS_MAX && found.n_internal_attachments <= MENTIOND_REVIEW_ATTACHMENTS_MAX);
        MUST(found.n_internal <= MENTIOND_REVIEW_INTERNAL_MAX && found.n_customer <= MENTIOND_REVIEW_CUSTOMER_MAX);
        for (uint32_t i = 0; i < found.n_attachments; i++) {
                const struct mentiond_attachment *a = &found.attachments[i];

                letters += strlen(a->name) + strlen(a->type);
                bytes += a->data ? a->size : 0;
                MUST(a->struct_size == sizeof *a && (!a->data || !((const char *) a->data)[a->size]));
        }
        for (uint32_t i = 0; i < found.n_internal_attachments; i++) {
                letters += strlen(found.internal_attachments[i].name);
                MUST(!found.internal_attachments[i].data);
        }
        for (uint32_t i = 0; i < found.n_internal; i++)
                letters += strlen(found.internal[i]);
        for (uint32_t i = 0; i < found.n_customer; i++)
                MUST(*found.customer[i]);
        MUST(bytes <= MENTIOND_REVIEW_BYTES_MAX && letters < SIZE_MAX / 2);
        return r;
}

static int call(struct mentiond_op *op, char operation, struct mentiond_filed *ret)
{
        const struct mentiond_attachment attachment = { .struct_size = sizeof attachment, .name = "a.png", .type = "image/png", .data = "\x89PNG", .size = 4 };
        const struct mentiond_filing filing = {
                .struct_size = sizeof filing, .n_attachments = 1, .key = "brand:300", .thread_key = "brand:300", .ticket = operation == 'a' ? "7" : "",
                .queue = "", .title = "A title", .text = "A text", .customer = "mastodon:@cat@example", .author = "Cat @ home", .network = "mastodon",
                .url = "https://social.example/300", .attachments = &attachment,
        };
        const struct mentiond_note note = { .struct_size = sizeof note, .key = "note:42:held", .ticket = "8", .subject = "Held", .text = "A note" };
        const struct mentiond_lookup lookup = {
                .struct_size = sizeof lookup, .key = "brand:300", .thread_key = "brand:300", .ticket = operation == 'l' ? "7" : "",
                .customer = "mastodon:@cat@example", .title = "A title", .tried_usec = INT64_C(1795299990) * USEC_PER_SEC,
        };
        const struct mentiond_helpdesk *h = &desk->plugin->helpdesk;

        switch (operation) {
        case 'c':
                return h->file(op, desk->plugin_state, &filing, ret);
        case 'a':
                return h->append(op, desk->plugin_state, &filing, ret);
        case 'n':
                return h->note(op, desk->plugin_state, &note, ret);
        case 's':
                return h->start(op, desk->plugin_state);
        case 'r':
                return review(op);
        case 'x':
                return h->close(op, desk->plugin_state, "7");
        case 'p':
                return h->poll(op, desk->plugin_state);
        default:
                return h->find(op, desk->plugin_state, &lookup, ret);
        }
}

/* Only articles of linked tickets, that the journal does not know. */
static void check_items(struct mentiond_op *op)
{
        for (size_t i = 0; i < op->n_closed; i++)
                MUST(mentiond_is_linked(op, op->closed[i].ticket) && op->closed[i].usec >= 0);
        for (size_t i = 0; i < op->n_items; i++) {
                const struct store_item *item = &op->items[i];

                MUST(streq(item->state, STATE_KNOWN) || (payload_parse(op->arena, item->payload) && fuzz_is_utf8(item->payload)));
                MUST(mentiond_is_linked(op, item->ticket) && !streq(item->native_id, "41") && !streq(item->native_id, "42"));
                for (size_t k = 0; k < i; k++)
                        MUST(!streq(item->native_id, op->items[k].native_id));
        }
}

static void run(void *data)
{
        const char operation = *(const char *) data;
        struct mentiond_filed filed = { .struct_size = sizeof filed };
        _cleanup_op_ struct mentiond_op op;
        int verdict;

        writes = written = 0;
        op_begin(&op, desk, "fuzz", POLL_DEADLINE_USEC);
        verdict = call(&op, operation, &filed);
        if (operation == 'p') {
                check_items(&op);
                MUST(op_commit(&op, verdict == MENTIOND_OK, NULL) == 0);
        }
        if (strchr("can", operation)) {
                MUST(writes <= 2);               /* the second after a session that was refused */
                if (verdict == MENTIOND_OK)
                        MUST(written && *filed.ticket && *filed.article);
        } else if (operation != 's')
                MUST(writes == 0);
        if (verdict == MENTIOND_OK && strchr("lt", operation))
                MUST(*filed.ticket && *filed.article);
        MUST(verdict >= MENTIOND_OK && verdict <= MENTIOND_BLOCKED);
        MUST((verdict == MENTIOND_ABSENT || verdict == MENTIOND_UNKNOWN) <= !!strchr("lt", operation));
        MUST(!fuzz_has(op.reason, "\n") && !strstr(op.reason, WORLD_SECRET));
        MUST(op_judge(&op, verdict) == verdict);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct input in = { (const char *) data, size };
        _cleanup_free_ char *operations = input_line(&in);

        if (world_knows_secret(data, size))
                return 0;
        world_on_request = on_request;
        world_queue = *operations == 'q' ? "" : "Social";
        world_begin(&in);
        for (size_t i = 0; operations[i] && i < OPERATIONS_MAX; i++)
                if (strchr("spcanltrx", operations[i]))
                        world_run(run, &operations[i]);
        world_end();
        return 0;
}
