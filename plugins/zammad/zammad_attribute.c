/* SPDX-License-Identifier: MIT
 *
 * The ticket attribute that holds the conversation's key: made, with a change of the database, and removed.  Part of the
 * provisioning; owns nothing. */
#include "zammad_provision.h"

#define ATTRIBUTES "/api/v1/object_manager_attributes"
#define KEY_MAX 200              /* bytes, as struct mentiond_filing promises */

static struct json_object *attribute_body(const struct provider *v)
{
        return mentiond_json(v->op,
                "{'object': 'Ticket', 'name': %s, 'display': 'Conversation (mentiond)', 'active': true, 'position': 1550, "
                "'data_type': 'input', 'data_option': {'default': '', 'type': 'text', 'maxlength': 255, 'linktemplate': '', "
                "'null': true, 'options': {}, 'relation': ''}, "
                "'screens': {'create_middle': {'ticket.agent': {'shown': false, 'required': false}}, "
                "'edit': {'ticket.agent': {'shown': false, 'required': false}}}}", v->z->attribute);
}

static struct json_object *own_attribute(const struct provider *v, struct json_object *all)
{
        struct json_object *one;

        MJ_EACH(one, all)
                if (mj_is(one, "object", "Ticket") && mj_is(one, "name", v->z->attribute))
                        return one;
        return NULL;
}

static bool is_pending(struct json_object *attribute)
{
        return mj_true(attribute, "to_create") || mj_true(attribute, "to_migrate") || mj_true(attribute, "to_delete")
               || mj_true(attribute, "to_config");
}

/* A migration carries out all changes that wait for one: also those that an administrator has not made up his mind about. */
static const char *pending_of_others(const struct provider *v, struct json_object *all)
{
        struct json_object *one, *own = own_attribute(v, all);

        MJ_EACH(one, all)
                if (is_pending(one) && one != own)
                        return mentiond_format(v->op, "%s.%s", mj_str(one, "object"), mj_str(one, "name"));
        return NULL;
}

static int migrate(const struct provider *v, const char *what, const char *done_text)
{
        struct zammad_answer answer;
        struct json_object *all;
        bool done;
        int r = provider_change(v, "POST", ATTRIBUTES "_execute_migrations", mentiond_json_object(v->op), what, "admin.object",
                                &answer, &done);

        if (!done)
                return r;
        r = provider_list(v, ATTRIBUTES, what, "admin.object", &all);
        if (!all)
                return r;
        if (own_attribute(v, all) ? v->down || is_pending(own_attribute(v, all)) : !v->down) {
                mentiond_report(v->op, MENTIOND_WRONG, what,
                                "Zammad has not changed its database: its log (production.log) tells why");
                return MENTIOND_OK;
        }
        mentiond_report(v->op, MENTIOND_DONE, what, "%s", done_text);
        mentiond_report(v->op, MENTIOND_BY_HAND, "restart",
                        "restart Zammad now, as by systemctl restart zammad: until then workers of it that did not "
                        "make the change refuse tickets, or lose the attribute without a word");
        return MENTIOND_OK;
}

static int put_attribute(const struct provider *v, const char *what, struct json_object *all)
{
        struct json_object *there = own_attribute(v, all);
        struct zammad_answer answer;
        bool done;

        if (there && !mj_is(there, "data_type", "input")) {
                mentiond_report(v->op, MENTIOND_WRONG, what,
                                "there is one of this name that is no text: name another with the option attribute");
                return MENTIOND_OK;
        }
        if (there && mj_int(mj_get(there, "data_option"), "maxlength", 0) < KEY_MAX) {
                mentiond_report(v->op, MENTIOND_WRONG, what,
                                "it is too short: set its maximal length to 255 in Admin > Objects > Ticket");
                return MENTIOND_OK;
        }
        if (there && !is_pending(there)) {
                mentiond_report(v->op, mj_true(there, "active") ? MENTIOND_FINE : MENTIOND_WRONG, what,
                                mj_true(there, "active") ? "it is there"
                                                         : "it is not active: activate it in Admin > Objects > Ticket");
                return MENTIOND_OK;
        }
        if (!v->apply) {
                mentiond_report(v->op, MENTIOND_TO_DO, what, "%s; then Zammad has to be restarted",
                                there ? "it is there, and the database would be changed for it"
                                      : "it would be made, and the database changed");
                return MENTIOND_OK;
        }
        if (!there) {
                int r = provider_change(v, "POST", ATTRIBUTES, attribute_body(v), what, "admin.object", &answer, &done);

                if (!done)
                        return r;
        }
        return migrate(v, what, "it is there now, and the database is changed");
}

static int drop_attribute(const struct provider *v, const char *what, struct json_object *all)
{
        struct json_object *there = own_attribute(v, all);
        struct zammad_answer answer;
        bool done;
        int r;

        if (!there) {
                mentiond_report(v->op, MENTIOND_FINE, what, "it is not there");
        } else if (!(v->p->flags & MENTIOND_TAKE_DATA)) {
                mentiond_report(v->op, MENTIOND_FINE, what,
                                "it stays: it says in all tickets which conversation they belong to (--with-data)");
        } else if (!v->apply) {
                mentiond_report(v->op, MENTIOND_TO_DO, what,
                                "it would be removed: which conversation they belong to is lost in all tickets, and neither "
                                "can the store be rebuilt then, nor a ticket be found again");
        } else {
                r = provider_change(v, "DELETE", mentiond_format(v->op, ATTRIBUTES "/%s", mj_str(there, "id")), NULL, what,
                                    "admin.object", &answer, &done);
                return done ? migrate(v, what, "it is removed, with what it held") : r;
        }
        return MENTIOND_OK;
}

int provider_attribute(const struct provider *v)
{
        const char *what = mentiond_format(v->op, "ticket attribute %s", v->z->attribute), *others;
        struct json_object *all;
        int r = provider_list(v, ATTRIBUTES, what, "admin.object", &all);

        if (!all)
                return r;
        others = pending_of_others(v, all);
        if (others
            && (v->down ? own_attribute(v, all) && v->p->flags & MENTIOND_TAKE_DATA
                        : !own_attribute(v, all) || is_pending(own_attribute(v, all)))) {
                mentiond_report(v->op, MENTIOND_WRONG, what,
                                "other changes wait for a migration, which would carry them out (%s): do so, or discard them, "
                                "in Admin > Objects first",
                                others);
                return MENTIOND_OK;
        }
        return v->down ? drop_attribute(v, what, all) : put_attribute(v, what, all);
}
