/* SPDX-License-Identifier: MIT
 *
 * What is made in Zammad, and taken down again: the ticket attribute, tags, webhook and trigger, an overview, text modules.  Each
 * is looked for by its name first; what is there and no work of ours is left alone.  Callback of the plugin; owns nothing. */
#include "zammad_provision.h"

#define LISTED "10000"           /* tags in one answer */

/* --- Requests --- */

static bool lacks_right(const struct zammad_answer *answer)
{
        return strncmp(answer->words, "Not authorized", 14) == 0;
}

/* What a request led to, where it failed: OK if it was told, so that the others can be seen to. */
static int tell_failure(const struct provider *v, int verdict, const struct zammad_answer *answer, const char *what,
                        const char *right)
{
        if (lacks_right(answer))
                mentiond_report(v->op, MENTIOND_WRONG, what, "%s lacks the permission %s: give an administrator's with --token",
                                v->p->token ? "the token that was given" : "the helpdesk's own token", right);
        else if (answer->refusal)
                mentiond_report(v->op, MENTIOND_WRONG, what, "Zammad refuses it: %s", answer->words);
        else
                return verdict;
        return MENTIOND_OK;
}

/* *ret is NULL if it cannot be had, which was told. */
int provider_list(const struct provider *v, const char *path, const char *what, const char *right, struct json_object **ret)
{
        struct zammad_answer answer;
        int r = zammad_call(v->op, "GET", path, NULL, ZAMMAD_READS, &answer);

        *ret = r == MENTIOND_OK ? answer.json : NULL;
        return r == MENTIOND_OK ? r : tell_failure(v, r, &answer, what, right);
}

/* *ret_done says whether it was done; if not, why was told, or is in the verdict. */
int provider_change(const struct provider *v, const char *method, const char *path, struct json_object *body, const char *what,
                    const char *right, struct zammad_answer *ret, bool *ret_done)
{
        int r = zammad_call(v->op, method, path, body, ZAMMAD_WRITES, ret);

        *ret_done = r == MENTIOND_OK;
        return r == MENTIOND_OK ? r : tell_failure(v, r, ret, what, right);
}

/* --- A thing among others --- */

/* Newer versions show stars in place of secrets. */
static bool is_hidden(struct json_object *value)
{
        const char *text = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";

        return *text && !text[strspn(text, "*")];
}

static bool is_as_wanted(struct json_object *there, struct json_object *wanted, bool *ret_hidden)
{
        *ret_hidden = false;
        json_object_object_foreach(wanted, name, value) {
                if (is_hidden(mj_get(there, name)))
                        *ret_hidden = true;
                else if (!json_object_equal(value, mj_get(there, name)))
                        return false;
        }
        return true;
}

int provider_put(const struct provider *v, const struct thing *t, struct json_object *there, struct json_object **ret)
{
        const char *path = there ? mentiond_format(v->op, "%s/%s", t->path, mj_str(there, "id")) : t->path;
        struct zammad_answer answer;
        bool done, hidden;
        int r;

        if (there && is_as_wanted(there, t->wanted, &hidden)) {
                mentiond_report(v->op, MENTIOND_FINE, t->what, "it is there%s",
                                hidden ? "; Zammad does not show its secret: if that was changed here, --remove it first" : "");
        } else if (!v->apply) {
                mentiond_report(v->op, MENTIOND_TO_DO, t->what, "%s%s",
                                there ? "it is there, and would be changed" : "it would be made", t->detail ? t->detail : "");
        } else {
                r = provider_change(v, there ? "PUT" : "POST", path, t->wanted, t->what, t->right, &answer, &done);
                if (!done)
                        return r;
                there = answer.json;
                mentiond_report(v->op, MENTIOND_DONE, t->what, "it is there now");
        }
        if (ret)
                *ret = there;
        return MENTIOND_OK;
}

int provider_drop(const struct provider *v, const struct thing *t, struct json_object *there)
{
        struct zammad_answer answer;
        bool done;
        int r;

        if (!there) {
                mentiond_report(v->op, MENTIOND_FINE, t->what, "it is not there");
                return MENTIOND_OK;
        }
        if (!v->apply) {
                mentiond_report(v->op, MENTIOND_TO_DO, t->what, "it would be removed");
                return MENTIOND_OK;
        }
        r = provider_change(v, "DELETE", mentiond_format(v->op, "%s/%s", t->path, mj_str(there, "id")), NULL, t->what, t->right,
                            &answer, &done);
        if (done)
                mentiond_report(v->op, MENTIOND_DONE, t->what, "it is removed");
        return r;
}

/* --- Tags --- */

static int see_to_tag(const struct provider *v, struct json_object *all, const char *name)
{
        const struct thing t = {
                .what = mentiond_format(v->op, "tag %s", name), .path = "/api/v1/tag_list", .right = "admin.tag",
                .wanted = mentiond_json(v->op, "{'name': %s}", name),
        };
        struct json_object *there = mj_find(all, "name", name);

        if (!v->down)
                return provider_put(v, &t, there, NULL);
        if (there && !(v->p->flags & MENTIOND_TAKE_DATA)) {
                mentiond_report(v->op, MENTIOND_FINE, t.what, "it stays, on %s tickets (--with-data)", mj_str(there, "count"));
                return MENTIOND_OK;
        }
        if (there && !v->apply) {
                mentiond_report(v->op, MENTIOND_TO_DO, t.what, "it would be removed, also from the %s tickets that have it",
                                mj_str(there, "count"));
                return MENTIOND_OK;
        }
        return provider_drop(v, &t, there);
}

/* Zammad may be set not to let agents make new tags; it drops them from new tickets then. */
static int see_to_tags(const struct provider *v)
{
        const char *network, *more = v->z->tags;
        struct json_object *all;
        int r = provider_list(v, "/api/v1/tag_list?limit=" LISTED, "tags", "admin.tag", &all);

        if (!all)
                return r;
        for (uint32_t n = 0; r == MENTIOND_OK && (network = mentiond_network(v->op, n)); n++)
                r = see_to_tag(v, all, network);
        for (; r == MENTIOND_OK && *more; more += strcspn(more, ",") + (more[strcspn(more, ",")] == ',')) {
                const char *tag = mentiond_format(v->op, "%.*s", (int) strcspn(more, ","), more);

                if (*tag)
                        r = see_to_tag(v, all, tag);
        }
        return r;
}

/* --- Webhook and trigger --- */

/* The address in front of mentiond is the administrator's: one that ends as it must is left as it is. */
static const char *hook_url(const struct provider *v, struct json_object *there)
{
        const char *now = mj_str(there, "endpoint"), *end = strstr(v->p->hook_url, "/hook/");
        size_t n = end ? strlen(end) : 0, size = strlen(now);

        return v->p->flags & MENTIOND_HOOK_URL_GUESSED && n && size >= n && strcmp(now + size - n, end) == 0
               ? now : v->p->hook_url;
}

/* Of articles by agents (sender 1) that are not internal, in tickets with the key of a conversation: each has a colon. */
static struct json_object *wanted_trigger(const struct provider *v, const char *name, int64_t webhook)
{
        return mentiond_json(v->op, "{'name': %s, 'activator': 'action', 'execution_condition_mode': 'selective', "
                             "'active': true, 'note': '" ZAMMAD_BY_US "', "
                             "'condition': {'ticket.action': {'operator': 'is', 'value': 'update'}, "
                             "'article.action': {'operator': 'is', 'value': 'create'}, "
                             "'article.sender_id': {'operator': 'is', 'value': ['1']}, "
                             "'article.internal': {'operator': 'is', 'value': ['false']}, "
                             "%s: {'operator': 'contains', 'value': ':'}}, "
                             "'perform': {'notification.webhook': {'webhook_id': %lld}}}", name, zammad_field(v->op, v->z),
                             (long long) webhook);
}

static int see_to_hook(const struct provider *v)
{
        const char *name = mentiond_format(v->op, "mentiond %s", v->p->instance);
        struct thing webhook = {
                .what = mentiond_format(v->op, "webhook %s", name), .path = "/api/v1/webhooks", .right = "admin.webhook",
        };
        struct thing trigger = {
                .what = mentiond_format(v->op, "trigger %s", name), .path = "/api/v1/triggers", .right = "admin.trigger",
        };
        struct json_object *webhooks, *triggers, *there, *made = NULL;
        int r;

        if (!v->down && !v->p->hook_secret) {
                mentiond_report(v->op, MENTIOND_FINE, "webhook",
                                "none: without listen and hook_secret replies are found by polls (mentiond.conf(5))");
                return MENTIOND_OK;
        }
        if (!v->down && !*v->p->hook_url) {
                mentiond_report(v->op, MENTIOND_WRONG, "webhook",
                                "the address is not known at which Zammad reaches mentiond: give it with --hook-url");
                return MENTIOND_OK;
        }
        r = provider_list(v, webhook.path, webhook.what, webhook.right, &webhooks);
        if (!webhooks)
                return r;
        r = provider_list(v, trigger.path, trigger.what, trigger.right, &triggers);
        if (!triggers)
                return r;
        if (v->down) {           /* the trigger first, which refers to the webhook */
                r = provider_drop(v, &trigger, mj_find(triggers, "name", name));
                return r == MENTIOND_OK ? provider_drop(v, &webhook, mj_find(webhooks, "name", name)) : r;
        }
        there = mj_find(webhooks, "name", name);
        webhook.wanted = mentiond_json(v->op, "{'name': %s, 'endpoint': %s, 'signature_token': %s, 'ssl_verify': true, "
                                       "'note': '" ZAMMAD_BY_US "', 'active': true}", name, hook_url(v, there),
                                       mentiond_reveal(v->p->hook_secret));
        webhook.detail = mentiond_format(v->op, " (it calls %s; --hook-url names another address)", hook_url(v, there));
        r = provider_put(v, &webhook, there, &made);
        if (r != MENTIOND_OK || (v->apply && !made))
                return r;
        trigger.wanted = wanted_trigger(v, name, mj_int(made, "id", 0));
        return provider_put(v, &trigger, mj_find(triggers, "name", name), NULL);
}

int zammad_provision(struct mentiond_op *op, void *state, const struct mentiond_provisioning *provisioning)
{
        static int (*const steps[])(const struct provider *v) = {
                provider_attribute, see_to_tags, see_to_hook, provider_overview, provider_text_modules,
        };
        const size_t n = sizeof(steps) / sizeof(steps[0]);
        const struct provider v = {
                .op = op, .z = state, .p = provisioning,
                .down = provisioning->action == MENTIOND_TAKE_DOWN,
                .apply = provisioning->flags & MENTIOND_APPLY,
        };
        int r = MENTIOND_OK;

        /* Down in the other order: an attribute that something refers to is not removed by Zammad. */
        for (size_t i = 0; r == MENTIOND_OK && i < n; i++)
                r = steps[v.down ? n - 1 - i : i](&v);
        return r;
}
