# SPDX-License-Identifier: MIT
"""What both scripts make of a mention: the ticket that mentiond makes."""
import html
import re


def text_of(content):
    content = re.sub(r"<br[^>]*>|</p>\s*<p[^>]*>", "\n", content)
    return html.unescape(re.sub(r"<[^>]+>", "", content)).strip() or "-"


def ticket_of(status):
    author, text = status["account"], text_of(status["content"])
    key = f"channel0:{status['id']}"
    title = " ".join(text.split())[:120]
    return {
        "UserLogin": "mentiond",
        "Password": "password",
        "Ticket": {"Title": title, "Queue": "Social", "State": "new", "Priority": "3 normal", "OwnerID": 1, "Lock": "unlock",
                   "CustomerUser": f"mastodon:{author['acct']}"},
        "Article": {"CommunicationChannel": "Internal", "SenderType": "customer", "IsVisibleForCustomer": 1,
                    "From": f"{author['display_name']} via Mastodon", "Subject": title, "Body": f"{text}\n\n{status['url']}",
                    "ContentType": "text/plain; charset=utf-8", "HistoryType": "WebRequestCustomer", "HistoryComment": key},
        "DynamicField": [{"Name": "SocialThread", "Value": key}, {"Name": "SocialUrl", "Value": status["url"]},
                         {"Name": "SocialNetwork", "Value": "mastodon"}, {"Name": "SocialPost", "Value": key}],
    }
