/* SPDX-License-Identifier: MIT
 *
 * What agents see first of mentiond: an overview of its open tickets, and text modules as examples.  They are made once; then
 * they are the administrator's.  Part of the provisioning; owns nothing. */
#include "zammad_provision.h"

#define AGENTS 2                 /* the role Agent: Zammad's own numbering, from its first start */
#define COLUMNS "['title', 'customer', 'group', 'state', 'owner', 'created_at']"
#define OPEN_TYPE_MAX 4          /* types of states: new, open, pending reminder, pending action; behind them closed and merged */

/* --- Overview --- */

/* Its place, 1035, is behind "Open". */
static struct json_object *wanted_overview(const struct provider *v, struct json_object *states)
{
        struct json_object *open = mentiond_json(v->op, "[]"), *state;

        MJ_EACH(state, states)
                if (mj_int(state, "state_type_id", OPEN_TYPE_MAX + 1) <= OPEN_TYPE_MAX)
                        json_object_array_add(open, json_object_new_int64(mj_int(state, "id", 0)));
        return mentiond_json(v->op, "{'name': 'Social', 'prio': 1035, 'role_ids': [%d], "
                             "'condition': {'ticket.state_id': {'operator': 'is', 'value': %p}, "
                             "%s: {'operator': 'contains', 'value': ':'}}, 'order': {'by': 'created_at', 'direction': 'ASC'}, "
                             "'view': {'d': " COLUMNS ", 's': " COLUMNS ", 'm': " COLUMNS ", 'view_mode_default': 's'}, "
                             "'active': true}", AGENTS, open, zammad_field(v->op, v->z));
}

/* It is made once, and is the administrator's then, who may change it. */
int provider_overview(const struct provider *v)
{
        struct thing t = {
                .what = "overview Social", .path = "/api/v1/overviews", .right = "admin.overview",
        };
        struct json_object *all, *states, *there;
        int r = provider_list(v, t.path, t.what, t.right, &all);

        if (!all)
                return r;
        there = mj_find(all, "name", "Social");
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
        t.wanted = wanted_overview(v, states);
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
                const struct thing t = {
                        .what = mentiond_format(v->op, "text module %s", examples[i].name), .path = "/api/v1/text_modules",
                        .right = "admin.text_module",
                        .wanted = mentiond_json(v->op, "{'name': %s, 'keywords': %s, 'content': %s, 'note': '" ZAMMAD_BY_US "', "
                                                "'active': true}", examples[i].name, examples[i].keywords, examples[i].content),
                };
                struct json_object *there = mj_find(all, "name", examples[i].name);

                if (there && (!v->down || !mj_is(there, "content", examples[i].content))) {
                        mentiond_report(v->op, MENTIOND_FINE, t.what,
                                        v->down ? "it was changed since, and stays" : "it is there");
                        continue;
                }
                r = v->down ? provider_drop(v, &t, there) : provider_put(v, &t, there, NULL);
        }
        return r;
}
