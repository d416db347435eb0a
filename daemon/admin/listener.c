/* SPDX-License-Identifier: MIT
 *
 * The listener.  Owns the HTTP server, and the names of the last deliveries.
 *
 * Whoever calls learns nothing but whether his call was signed: that an instance does not exist, or wants no hooks, is
 * answered as a wrong signature is, and takes as long.  What is signed is not read either, for it only says that there is
 * something new: a poll tells what.  So nothing is lost with a call that is lost, and nothing is acknowledged by an answer.
 */
#include "admin/listener.h"

#include "admin/daemon.h"
#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/mac.h"
#include "host/hook.h"
#include "io/httpd.h"

#define DELIVERIES_MAX 1024              /* Zammad repeats within two minutes: 8 a second */
#define DELIVERY_SIZE_MAX 128            /* a UUID has 36 */
#define LOG_EVERY_USEC USEC_PER_MINUTE   /* of refused calls */

struct listener {
        struct daemon *daemon;
        struct httpd *httpd;
        struct metrics *metrics;
        char *decoy;                     /* the secret of instances that there are not */
        char *deliveries[DELIVERIES_MAX];
        size_t n_deliveries;
        int64_t told_usec;               /* mono: when a refusal was last logged */
        int64_t n_untold;
};

/* --- Hooks --- */

static const struct mentiond_hook decoy_hook = {
        .struct_size = sizeof decoy_hook, .signature = MENTIOND_HMAC_SHA256_HEX, .header = "X-Hub-Signature-256",
};

static const char *header(const char *name, void *data)
{
        return httpd_header(data, name);
}

static const char *query(const char *name, void *data)
{
        return httpd_query(data, name);
}

/* As the configuration has it now: one that is about to take another's place comes first. */
static struct instance *find(struct daemon *d, const char *name)
{
        for (struct instance *i = d->pending; i; i = i->next)
                if (streq(i->name, name))
                        return i;
        return host_find(&d->host, name);
}

static void refuse(struct listener *l, const struct instance *i, const char *reason)
{
        int64_t now = mono_usec();

        counter_add("hooks", i ? i->name : "", "refused", 1);
        l->n_untold++;
        if (l->told_usec && now - l->told_usec < LOG_EVERY_USEC)
                return;
        log_event(LOG_WARNING, "a hook was refused", F("instance", i ? i->name : ""),
                  F("reason", i ? reason : "there is no such instance"), FI("refused", l->n_untold));
        l->told_usec = now;
        l->n_untold = 0;
}

/* Remembers it, too. */
static bool is_repeated(struct listener *l, const struct instance *i, const char *delivery)
{
        char **place = &l->deliveries[l->n_deliveries % DELIVERIES_MAX];
        _cleanup_free_ char *name = NULL;

        if (isempty(delivery) || strlen(delivery) > DELIVERY_SIZE_MAX)
                return false;
        name = xasprintf("%s %s", i->name, delivery);
        for (size_t k = 0; k < DELIVERIES_MAX && l->deliveries[k]; k++)
                if (streq(l->deliveries[k], name))
                        return true;
        free(*place);
        *place = TAKE_PTR(name);
        l->n_deliveries++;
        return false;
}

static void call(struct listener *l, struct instance *i, const struct httpd_request *r, struct httpd_answer *a)
{
        /* The plugin of one that is benched is not there. */
        const struct mentiond_hook *hook = i && i->options.hook_secret && i->plugin->hook.signature
                                           ? &i->plugin->hook : &decoy_hook;
        const char *secret = hook == &decoy_hook ? l->decoy : secret_value(i->options.hook_secret);
        const char *wrong = hook_check(hook, secret, header, (void *) r, r->body, r->size);

        if (wrong || hook == &decoy_hook) {
                refuse(l, i, hook == &decoy_hook ? "the instance has no hook_secret, or is benched" : wrong);
                return;
        }
        a->status = 200;
        if (hook->delivery && is_repeated(l, i, httpd_header(r, hook->delivery))) {
                counter_add("hooks", i->name, "repeated", 1);
                return;
        }
        counter_add("hooks", i->name, "accepted", 1);
        log_event(LOG_DEBUG, "hook", F("instance", i->name));
        flow_hint(i);
}

static void handshake(struct listener *l, struct instance *i, const struct httpd_request *r, struct httpd_answer *a)
{
        _cleanup_free_ char *answer = NULL;

        if (i && i->options.hook_secret)
                answer = hook_handshake(&i->plugin->hook, secret_value(i->options.hook_secret),
                                        secret_value(i->options.hook_token), query, (void *) r, &a->type);
        if (!answer) {
                a->type = NULL;
                refuse(l, i, "it was no handshake for this instance");
                return;
        }
        counter_add("hooks", i->name, "handshake", 1);
        a->status = 200;
        (void) buffer_append_str(&a->body, answer);
}

/* "{}" says nothing: Znuny's Ticket::Generic does what it finds in an answer. */
static void on_hook(struct listener *l, const char *name, const struct httpd_request *r, struct httpd_answer *a)
{
        struct instance *i = find(l->daemon, name);

        a->status = 401;
        if (streq(r->method, "POST"))
                call(l, i, r, a);
        else if (streq(r->method, "GET"))
                handshake(l, i, r, a);
        else
                a->status = 405;
        if (a->body.size == 0)
                (void) buffer_append_str(&a->body, "{}");
}

/* --- Health --- */

/* Channels whose new tickets the helpdesk refuses. */
static void tell_blocked(const struct daemon *d, const struct instance *helpdesk, struct buffer *b)
{
        for (const struct instance *c = d->host.instances; c; c = c->next)
                if (instance_is_channel(c) && flow_blocked(helpdesk, c))
                        (void) buffer_printf(b, "%s takes no new tickets of %s\n", helpdesk->name, c->name);
}

/* That the loop turns is said by the answer; a store that cannot be written or read ends the process, but for want of room. */
static void on_health(struct daemon *d, struct httpd_answer *a)
{
        a->type = "text/plain; charset=utf-8";
        a->status = 200;
        if (d->starting)
                (void) buffer_append_str(&a->body, "starting\n");
        if (store_is_full(d->host.store))
                (void) buffer_append_str(&a->body, "the store's disk is full\n");
        for (const struct instance *i = d->host.instances; i; i = i->next) {
                if (i->state == INSTANCE_STOPPED || i->state == INSTANCE_BENCHED)
                        (void) buffer_printf(&a->body, "%s is %s\n", i->name, instance_state_name(i->state));
                tell_blocked(d, i, &a->body);
        }
        if (a->body.size > 0)
                a->status = 503;
        else
                (void) buffer_append_str(&a->body, "ok\n");
}

/* --- Routes --- */

static void on_request(const struct httpd_request *r, struct httpd_answer *a, void *data)
{
        struct listener *l = data;
        bool reads = streq(r->method, "GET") || streq(r->method, "HEAD");

        if (startswith(r->path, "/hook/")) {
                on_hook(l, r->path + strlen("/hook/"), r, a);
        } else if (!streq(r->path, "/healthz") && !streq(r->path, "/metrics")) {
                a->status = 404;
        } else if (!reads) {
                a->status = 405;
        } else if (streq(r->path, "/healthz")) {
                on_health(l->daemon, a);
        } else {
                a->status = 200;
                a->type = "text/plain; version=0.0.4; charset=utf-8";
                metrics_write(l->metrics, &a->body);
        }
        if (a->body.size == 0)
                (void) buffer_append_str(&a->body, "{}");
}

int listener_open(struct daemon *d, const char *where, struct listener **ret, char **ret_error)
{
        struct listener *l;
        int fd, r;

        *ret = NULL;
        if (isempty(where)) {
                if (httpd_was_passed())
                        log_event(LOG_WARNING, "a socket was passed on, and is not used: set listen = \"systemd\"");
                return 0;
        }
        r = httpd_listen(where, &fd, ret_error);
        if (r < 0)
                return r;
        l = xcalloc(1, sizeof *l);
        l->daemon = d;
        l->decoy = mac_random(32);
        l->metrics = metrics_new(d);
        r = httpd_open(d->loop, fd, on_request, l, &l->httpd);
        if (r < 0) {
                *ret_error = xasprintf("cannot listen on %s: %s", where, strerror(-r));
                listener_free(l);
                return r;
        }
        log_event(LOG_INFO, "listening", F("address", where));
        *ret = l;
        return 0;
}

void listener_free(struct listener *l)
{
        if (l->httpd)
                httpd_free(l->httpd);
        metrics_free(l->metrics);
        for (size_t k = 0; k < DELIVERIES_MAX; k++)
                free(l->deliveries[k]);
        free(l->decoy);
        free(l);
}
