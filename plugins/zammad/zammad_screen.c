/* SPDX-License-Identifier: MIT
 *
 * What agents see first of mentiond: an overview of its open tickets, and text modules as examples.  They are made once; then
 * they are the administrator's.  Part of the provisioning; owns nothing. */
#include "zammad_provision.h"

#define AGENTS 2                 /* the role Agent: Zammad's own numbering, from its first start */
#define OPEN_TYPE_MAX 4          /* types of states: new, open, pending reminder, pending action; behind them closed and merged */

/* --- Overview --- */

static struct json_object *columns(void)
{
        static const char *const names[] = { "title", "customer", "group", "state", "owner", "created_at" };
        struct json_object *array = json_object_new_array();

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                json_object_array_add(array, json_object_new_string(names[i]));
        return array;
}

static void want_overview(const struct provider *v, struct json_object *wanted, struct json_object *states)
{
        struct json_object *condition = json_object_new_object(), *open = json_object_new_object(),
                           *ids = json_object_new_array();
        struct json_object *order = json_object_new_object(), *view = json_object_new_object(), *roles = json_object_new_array();

        for (size_t i = 0; i < mj_len(states); i++)
                if (mj_int(mj_at(states, i), "state_type_id", OPEN_TYPE_MAX + 1) <= OPEN_TYPE_MAX)
                        json_object_array_add(ids, json_object_new_int64(mj_int(mj_at(states, i), "id", 0)));
        mj_put_str(open, "operator", "is");
        json_object_object_add(open, "value", ids);
        json_object_object_add(condition, "ticket.state_id", open);
        provider_when(condition, zammad_field(v->op, v->z), "contains", ":", false);
        mj_put_str(order, "by", "created_at");
        mj_put_str(order, "direction", "ASC");
        json_object_object_add(view, "d", columns());
        json_object_object_add(view, "s", columns());
        json_object_object_add(view, "m", columns());
        mj_put_str(view, "view_mode_default", "s");
        json_object_array_add(roles, json_object_new_int(AGENTS));
        mj_put_str(wanted, "name", "Social");
        mj_put_int(wanted, "prio", 1035);        /* behind "Open" */
        json_object_object_add(wanted, "role_ids", roles);
        json_object_object_add(wanted, "condition", condition);
        json_object_object_add(wanted, "order", order);
        json_object_object_add(wanted, "view", view);
        mj_put_bool(wanted, "active", true);
}

/* It is made once, and is the administrator's then, who may change it. */
int provider_overview(const struct provider *v)
{
        struct thing t = {
                .what = "overview Social", .path = "/api/v1/overviews", .right = "admin.overview",
                .wanted = mentiond_json_object(v->op),
        };
        struct json_object *all, *states, *there;
        int r = provider_list(v, t.path, t.what, t.right, &all);

        if (!all)
                return r;
        there = provider_find(all, "Social");
        if (there && !mj_get(mj_get(there, "condition"), zammad_field(v->op, v->z))) {
                mentiond_report(v->op, MENTIOND_FINE, t.what,
                                "there is one of this name, which is not mentiond's and is left alone");
                return MENTIOND_OK;
        }
        if (v->down)
                return provider_drop(v, &t, there);
        if (there) {
                mentiond_report(v->op, MENTIOND_FINE, t.what, "it is there");
                return MENTIOND_OK;
        }
        r = provider_list(v, "/api/v1/ticket_states", t.what, "ticket.agent", &states);
        if (!states)
                return r;
        want_overview(v, t.wanted, states);
        return provider_put(v, &t, NULL, NULL);
}

/* --- Text modules --- */

int provider_text_modules(const struct provider *v)
{
        static const struct {
                const char *name, *keywords, *content;
        } examples[] = {
                { "Social: ask in private", "spm",
                  "Sorry to hear that!  Please send us your order number in a private message, and we look into it at once." },
                { "Social: thank you", "sty", "Thank you for telling us - we have passed it on." },
        };
        struct json_object *all;
        int r = provider_list(v, "/api/v1/text_modules?per_page=500", "text modules", "admin.text_module", &all);

        for (size_t i = 0; all && r == MENTIOND_OK && i < sizeof(examples) / sizeof(examples[0]); i++) {
                struct thing t = {
                        .what = mentiond_format(v->op, "text module %s", examples[i].name), .path = "/api/v1/text_modules",
                        .right = "admin.text_module",
                        .wanted = mentiond_json_object(v->op),
                };
                struct json_object *there = provider_find(all, examples[i].name);

                if (there && (!v->down || !mj_is(there, "content", examples[i].content))) {
                        mentiond_report(v->op, MENTIOND_FINE, t.what,
                                        v->down ? "it was changed since, and stays" : "it is there");
                        continue;
                }
                mj_put_str(t.wanted, "name", examples[i].name);
                mj_put_str(t.wanted, "keywords", examples[i].keywords);
                mj_put_str(t.wanted, "content", examples[i].content);
                mj_put_str(t.wanted, "note", ZAMMAD_BY_US);
                mj_put_bool(t.wanted, "active", true);
                r = v->down ? provider_drop(v, &t, there) : provider_put(v, &t, there, NULL);
        }
        return r;
}
