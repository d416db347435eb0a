/* SPDX-License-Identifier: MIT
 *
 * X's tokens.  A refresh token is good once, and its answer may be lost: then a person lets the account authorize the application
 * anew, and configures what comes of it.  Owns what was handed out.
 *
 * A number says which: access-7 came with refresh-7, for refresh-6.
 */
#include "desk.h"
#include "x.h"

#define TOKENS_MAX 4096
#define ANEW 100                         /* the numbers of what a person gets begin with a multiple of it */

static struct {
        int newest;                      /* the refresh token that is good */
        bool ended[TOKENS_MAX], used[TOKENS_MAX], refused[TOKENS_MAX];   /* of access tokens: before its time; by the daemon; so it was told */
        int64_t until[TOKENS_MAX];       /* 0: there is none */
        int told[TOKENS_MAX];            /* the incarnation of the daemon that got the answer; -1: none has */
        bool asked_again[TOKENS_MAX];    /* before it came */
        bool repairing;
} tokens[NETWORKS];

static void configure(int network)
{
        _cleanup_free_ char *name = xasprintf("SIM_X_TOKEN_%d", network), *value = xasprintf("refresh-%d", tokens[network].newest);

        (void) setenv(name, value, 1);
}

char *x_key_settings(int network)
{
        struct x_network *x = &x_networks[network];
        static const int64_t minutes[] = { 120, 30, 15, 15 };

        x->lasts_usec = minutes[below(R_PLAN, ELEMENTSOF(minutes))] * USEC_PER_MINUTE;
        x->is_public = chance(R_PLAN, 300);
        x->signs = chance(R_PLAN, 200);
        configure(network);
        (void) setenv("SIM_X_SECRET", "a secret", 1);
        if (x->signs)
                return xstrdup("consumer_key = \"key\"; consumer_secret = \"env:SIM_X_SECRET\"; access_token = \"env:SIM_TOKEN\";"
                               " access_token_secret = \"env:SIM_X_SECRET\";");
        return xasprintf("client_id = \"client\"; %srefresh_token = \"env:SIM_X_TOKEN_%d\";", x->is_public ? "" : "client_secret = \"env:SIM_X_SECRET\"; ",
                         network);
}

/* --- A person --- */

static void authorize_anew(void *data)
{
        int network = (int) (intptr_t) data;
        struct network *n = &social.networks[network];

        tokens[network].newest = MIN((tokens[network].newest / ANEW + 1) * ANEW, TOKENS_MAX - 1);
        tokens[network].repairing = false;
        configure(network);
        n->revoked = false;
        n->right_usec = sim.now;
        note("*** the operator configures a new token of %s, refresh-%d", n->name, tokens[network].newest);
        happened(X_AUTHORIZED_ANEW);
        daemon_operator_reloads();
}

/* Whether the one after it, or a later one, has been used: then the daemon must have kept it. */
static int used_after(int network, int number)
{
        for (int k = number + 1; k <= tokens[network].newest; k++)
                if (tokens[network].used[k])
                        return k;
        return 0;
}

static void reload_again(void *data _unused_)
{
        daemon_operator_reloads();
}

static void refuse_spent(int network, int number)
{
        if (number / ANEW != tokens[network].newest / ANEW) {    /* a new one is configured: there was no room to read that, maybe */
                social.networks[network].right_usec = sim.now;
                sim_in(USEC_PER_MINUTE, reload_again, NULL);
                return;
        }
        if (used_after(network, number))
                oracle_rude("a refresh token came again, though the one after it was in use");
        else if (tokens[network].told[tokens[network].newest] == sim.incarnation)
                oracle_rude("a refresh token came again, though the daemon had the answer");
        tokens[network].asked_again[tokens[network].newest] = true;
        note("*** X refuses refresh-%d: refresh-%d is good, and its answer was lost", number, tokens[network].newest);
        happened(X_TOKEN_LOST);
        social.networks[network].revoked = true;         /* a person is needed, and the daemon may stop */
        if (!tokens[network].repairing)
                sim_in(between(R_NET, 1, 8) * USEC_PER_MINUTE, authorize_anew, (void *) (intptr_t) network);
        tokens[network].repairing = true;
}

/* --- The API --- */

static struct answer grant_error(int status, const char *error, const char *description)
{
        struct json_object *o = json_object_new_object();

        mj_put_str(o, "error", error);
        mj_put_str(o, "error_description", description);
        return (struct answer) { .status = status, .json = o };
}

/* By the number of the network and the token. */
static void take_note(int delivered)
{
        int network = delivered / TOKENS_MAX, number = delivered % TOKENS_MAX;

        tokens[network].told[number] = sim.incarnation;
        if (tokens[network].asked_again[number])
                oracle_rude("a refresh token was used by two at once");
}

static struct answer renew(const struct request *q)
{
        int k = ++tokens[q->server].newest;
        struct json_object *o = json_object_new_object();

        if (k >= TOKENS_MAX - ANEW)
                oracle_spin("tokens are renewed for ever");
        if (k >= TOKENS_MAX)
                abort();
        tokens[q->server].until[k] = sim.now + x_networks[q->server].lasts_usec;
        tokens[q->server].told[k] = -1;
        note("X hands out refresh-%d", k);
        happened(X_TOKEN_RENEWED);
        mj_put_str(o, "token_type", "bearer");
        mj_put_int(o, "expires_in", x_networks[q->server].lasts_usec / USEC_PER_SEC);
        put_owned(o, "access_token", xasprintf("access-%d", k));
        put_owned(o, "refresh_token", xasprintf("refresh-%d", k));
        return (struct answer) { .status = 200, .json = o, .delivered = q->server * TOKENS_MAX + k, .on_delivery = take_note };
}

struct answer x_token(const struct request *q)
{
        static const char form[] = "grant_type=refresh_token&refresh_token=refresh-";
        const struct x_network *x = &x_networks[q->server];
        _cleanup_free_ char *basic = base64("client:a%20secret"), *expected = xasprintf("Basic %s", basic);
        int number = startswith(q->text, form) ? atoi(q->text + strlen(form)) : -1, newest = tokens[q->server].newest;

        if (x->is_public ? *q->authorization || !strstr(q->text, "&client_id=client") : !streq(q->authorization, expected)) {
                oracle_rude("the application does not say who it is");
                return grant_error(401, "unauthorized_client", "Missing valid authorization header");
        }
        if (number < 0)
                return grant_error(400, "invalid_request", "Missing required parameter");
        if (number != newest)
                refuse_spent(q->server, number);
        if (number != newest || social.networks[q->server].revoked)
                return grant_error(400, "invalid_request", "Value passed for the token was invalid.");
        if (!sim.plan.jump_usec && tokens[q->server].until[newest] > sim.now + 70 * USEC_PER_SEC && !tokens[q->server].refused[newest])
                oracle_rude("a good access token was renewed");
        return renew(q);
}

bool x_is_authorized(const struct request *q)
{
        int k = startswith(q->authorization, "Bearer access-") ? atoi(q->authorization + strlen("Bearer access-")) : 0;

        if (x_networks[q->server].signs)
                return startswith(q->authorization, "OAuth ") && strstr(q->authorization, "oauth_signature=") && !social.networks[q->server].revoked;
        if (k <= 0 || k >= TOKENS_MAX || !tokens[q->server].until[k])
                return false;
        tokens[q->server].used[k] = true;
        if (!tokens[q->server].ended[k] && sim.now > tokens[q->server].until[k] - x_networks[q->server].lasts_usec + 5 * USEC_PER_MINUTE && x_lies(5)) {
                note("access-%d ends before its time", k);
                happened(X_TOKEN_ENDED);
                tokens[q->server].ended[k] = true;
        }
        if (!tokens[q->server].ended[k] && sim.now < tokens[q->server].until[k] && !social.networks[q->server].revoked)
                return true;
        tokens[q->server].refused[k] = true;
        return false;
}
