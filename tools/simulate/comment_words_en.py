"""English sentences for the comments of the survey, by aspect: (against, for)."""

from __future__ import annotations

from typing import Final

SENTENCES_EN: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "stores and app": (
        (
            "The app crashes every time I try to check my data balance.",
            "The store near the station is cramped and there is nowhere to sit.",
            "It takes six taps to find the page for changing a plan.",
            "Two of the self-service machines have been out of order for weeks.",
            "The website looks dated and does not fit on a phone screen.",
            "Too many banners in the app, the useful functions are buried.",
        ),
        (
            "The app is easy to use, I pay and change my plan in a minute.",
            "Your refurbished store is bright and well laid out.",
            "Everything can be done on the phone now, no more trips to the store.",
            "The self-service machine worked the first time.",
            "Clear signs in the store, I knew at once where to go.",
        ),
    ),
    "network": (
        (
            "Calls drop all the time inside our compound.",
            "There is hardly any signal on the metro.",
            "5G is advertised but I see no difference from before.",
            "The connection crawls every evening, video is impossible.",
            "We lost the network twice last month with no explanation.",
            "No reception at all in the car park or the lift.",
        ),
        (
            "The network has been rock solid, video calls never drop.",
            "Coverage is far better than with my previous operator.",
            "5G is really fast, downloads take seconds.",
            "Two years and hardly a single outage.",
            "Even my parents' village has a good signal.",
        ),
    ),
    "billing": (
        (
            "I cannot make sense of the bill and was charged for things I never ordered.",
            "The cashback I was promised is two months late.",
            "My discount ended without any notice and the full price was taken.",
            "Every month I have to check the bill because something is wrong.",
            "A top-up took half an hour to arrive and I was nearly cut off.",
        ),
        (
            "The bill is clear and every item can be looked up.",
            "I get a text before my allowance runs out, very useful.",
            "One wrong charge in two years, and it was refunded the same day.",
            "Top-ups arrive at once and the statement is always on time.",
            "What was promised is what appears on the bill.",
        ),
    ),
    "waiting": (
        (
            "I waited more than twenty minutes on the hotline.",
            "It took three days and two reminders until somebody came to repair the line.",
            "The chat bot goes round in circles and forty people were ahead of me for a human.",
            "My complaint was never answered.",
            "One counter open, an hour for a replacement SIM.",
            "They promise to call back within a day and never do.",
        ),
        (
            "Somebody picked up at once and solved it on the spot.",
            "I reported the fault at ten at night and the engineer came next morning.",
            "Chat replies come fast and to the point.",
            "They called back two hours after my complaint, impressive.",
            "Queues are much shorter than last year.",
        ),
    ),
    "staff": (
        (
            "The agent read from a script and did not listen.",
            "I asked three people and got three different answers.",
            "Sales promised the moon and afterwards nobody remembered.",
            "The technician left dust all over the floor.",
            "Staff could not explain the terms of my own contract.",
        ),
        (
            "The clerk knew the plans inside out and explained the differences well.",
            "The engineer was polite, tidy and showed me how to set things up.",
            "Very patient agent who walked me through step by step.",
            "People who know what they are doing, they found the fault at once.",
            "I feel my data are in good hands, they explained everything.",
        ),
    ),
    "personal care": (
        (
            "Three years with you and new customers still get the better offers.",
            "The plan they recommended does not suit me at all.",
            "I have to tell my story from the start each time I call.",
            "Opening hours are useless for people who work.",
            "No flexibility whatsoever when I asked to pause my line.",
        ),
        (
            "My account manager moved me to a cheaper plan without being asked.",
            "A small data gift on my birthday, nice touch.",
            "They look at how I really use the phone before suggesting anything.",
            "Weekend appointments are a blessing.",
            "They even called a week later to check that all was well.",
        ),
    ),
    "price": (
        (
            "Too expensive, others give the same data for twenty less.",
            "The fee goes up every year and the service does not.",
            "Locked into a long term with a penalty for stepping down.",
            "Roaming prices are shocking.",
        ),
        (
            "Good value, enough data at a fair price.",
            "The family plan saves us a lot.",
            "I pay thirty less a month than with my old operator.",
            "Prices are plain, no hidden extras.",
        ),
    ),
    "delivery": (
        (
            "Headphones from the shop took a week and the box was crushed.",
            "Returning an item is a pain, I had to send it twice.",
            "The phone arrived scratched and the exchange took two weeks.",
            "The parcel showed as sent but did not move for three days.",
        ),
        (
            "Ordered in the shop, delivered the next day, well packed.",
            "The refund for a wrong phone case was quick and painless.",
            "Trade-in value was fair and they collected it at home.",
            "Warranty without any fuss, the broken charger was simply replaced.",
        ),
    ),
}
OPENERS_EN: Final = (
    "To be honest, ",
    "Frankly, ",
    "In my experience, ",
    "Speaking for myself, ",
    "After some months, ",
    "As a long-time customer I must say: ",
    "Lately ",
)
CLOSERS_EN: Final = (
    ("Please fix this.", "Thinking of switching.", "Really disappointing.", "Not acceptable."),
    ("Will stay.", "Keep it up.", "Already recommended you to a colleague.", "Thumbs up!"),
)
