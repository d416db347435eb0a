/* SPDX-License-Identifier: MIT
 *
 * How the helpdesk is prepared: its API cannot, so what is missing is told as commands and files, with the names that are
 * configured.  Callback of the plugin; owns nothing. */
#include "otrs.h"

#define CONSOLE "bin/otrs.Console.pl"
#define FILES PLUGIN_DATA "/otrs"        /* where ours are installed */

static const char *first_queue(struct mentiond_op *op, const struct otrs *otrs)
{
        const char *queue = mentiond_queue(op, 0);

        return queue && *queue ? queue : otrs->queue;
}

static int set_up(struct mentiond_op *op, struct otrs *otrs, const struct mentiond_provisioning *p)
{
        const char *queue = first_queue(op, otrs), *complaint = "";
        int r = *queue ? otrs_try_create(op, otrs, queue, NULL, NULL, &complaint) : otrs_check_field(op, otrs);

        if (r == MENTIOND_CANCELED)
                return r;
        if (r == MENTIOND_OK && !strstr(complaint, "DynamicField"))
                mentiond_report(op, MENTIOND_FINE, "web service", "it is there, and so are the dynamic fields");
        else if (r == MENTIOND_AUTH)
                mentiond_report(op, MENTIOND_UNCLEAR, "dynamic fields",
                                "the web service is there; they are seen when the login is right");
        else
                mentiond_report(op, MENTIOND_BY_HAND, "web service",
                                "with the dynamic fields it has to be imported (%s).  On the helpdesk's host, "
                                "as root, and with its own directory:\n"
                                "    # " FILES "/otrs-import /opt/znuny\n"
                                "or in its pages: Admin > Web Services > Add > Import, " FILES "/mentiond.yml, named mentiond;\n"
                                "and Admin > Dynamic Fields > Import, " FILES "/dynamic-fields.yml",
                                r == MENTIOND_OK ? complaint : mentiond_reason(op));
        if (r == MENTIOND_OK && !strstr(complaint, "Can not create"))
                mentiond_report(op, MENTIOND_FINE, "agent", "%s can log in%s", otrs->user,
                                *queue && !*complaint ? ", and make tickets" : "");
        else
                mentiond_report(op, MENTIOND_BY_HAND, "agent",
                                "there must be one that may write (rw) in the group of each queue.  In the helpdesk's "
                                "directory, as its own user, with the password of the configuration and the group's name:\n"
                                "    $ " CONSOLE " Admin::User::Add --user-name %s --first-name mentiond --last-name mentiond "
                                "--email-address mentiond@localhost\n"
                                "    $ " CONSOLE " Admin::User::SetPassword %s\n"
                                "    $ " CONSOLE " Admin::Group::UserLink --user-name %s --group-name GROUP --permission rw",
                                otrs->user, otrs->user, otrs->user);
        if (p->hook_secret)
                mentiond_report(op, MENTIOND_BY_HAND, "calls",
                                "whether the helpdesk calls when an agent has answered no API tells.  On its host, as root, "
                                "with the hook_secret in the file:\n"
                                "    # " FILES "/otrs-import /opt/znuny --hook %s FILE",
                                *p->hook_url ? p->hook_url : "ADDRESS/hook/NAME");
        mentiond_report(op, MENTIOND_BY_HAND, "screen",
                        "that agents see SocialNetwork and SocialUrl no API tells.  Admin > System Configuration:\n"
                        "    Ticket::Frontend::AgentTicketZoom###DynamicField");
        return MENTIOND_OK;
}

static int take_down(struct mentiond_op *op, bool with_data)
{
        mentiond_report(op, MENTIOND_BY_HAND, "web service",
                        "in the helpdesk's directory, as its own user; the first command tells the number:\n"
                        "    $ " CONSOLE " Admin::WebService::List\n"
                        "    $ " CONSOLE " Admin::WebService::Delete --webservice-id NUMBER");
        if (with_data)
                mentiond_report(op, MENTIOND_BY_HAND, "dynamic fields",
                                "Admin > Dynamic Fields: delete SocialThread, SocialUrl, SocialNetwork and "
                                "SocialPost.  With them goes, in all tickets, which conversation they belong to; the store cannot"
                                " be rebuilt then.");
        else
                mentiond_report(op, MENTIOND_FINE, "dynamic fields",
                                "they stay: they say in all tickets which conversation they belong to (--with-data)");
        return MENTIOND_OK;
}

int otrs_provision(struct mentiond_op *op, void *state, const struct mentiond_provisioning *provisioning)
{
        struct otrs own = *(const struct otrs *) state;

        own.session[0] = '\0';
        own.logging_in = false;
        if (provisioning->action == MENTIOND_TAKE_DOWN)
                return take_down(op, provisioning->flags & MENTIOND_TAKE_DATA);
        return set_up(op, &own, provisioning);
}
