"""What surrounds a wake word, and speech that holds none."""

from __future__ import annotations

CARRIERS = (
    "ok", "okay", "so", "hey", "hi", "hello", "um", "uh", "well", "now", "and", "right", "yes",
    "no", "please", "oh", "alright", "good morning", "excuse me", "listen", "come on", "wait",
    "one moment", "let me see", "let's ask", "I'll ask", "just a second", "thank you", "but",
    "never mind", "that's enough", "sorry", "look", "oh no", "then", "hang on", "good evening",
    "I said", "no I mean", "the other one",
)  # fmt: skip

# {word} is the wake word: it is spoken about, not called.
MENTIONS = (
    "I asked {word} yesterday", "I told my friend about {word}", "we bought a new {word} last week",
    "the {word} in the kitchen is broken", "he says {word} never understands him",
    "do you like {word} or not", "my sister has {word} at home", "{word} was in the news today",
    "they talk about {word} all day", "I read something about {word}",
    "she thinks {word} is listening all the time", "what does {word} cost these days",
    "I don't want {word} in the bedroom", "have you tried {word} yet",
    "it's a word like {word} or something", "the kids love {word}",
    "I can't find the {word} anywhere", "that was {word} not me",
)  # fmt: skip

EVERYDAY = (
    "I'll be home around six, don't wait with dinner", "did you see where I put my glasses",
    "we should really call your mother this weekend", "the train was late again this morning",
    "can you pass me the salt please", "I think it's going to rain later",
    "that was the best film I've seen all year", "no I haven't finished the report yet",
    "let's take the dog for a walk", "she said she would come at eight",
    "there's a letter for you on the table", "how much did you pay for that",
    "I couldn't sleep at all last night", "the neighbours are having a party again",
    "my back hurts from sitting all day", "you have to turn left after the bridge",
    "it's your turn to do the dishes", "we are almost out of coffee",
    "he has been working there for ten years", "this soup needs a little more pepper",
    "what do you want for your birthday", "the children are already asleep",
    "I don't understand why they closed that shop", "put it in the fridge when you're done",
    "thanks, that is very kind of you", "they painted the house yellow",
    "I have an appointment at the bank on Tuesday", "the keys are hanging next to the door",
    "we watched a documentary about whales", "it takes about twenty minutes by car",
    "could you speak a bit louder please", "my phone is almost dead",
    "I need to buy a present for my nephew", "the new teacher seems very nice",
    "open the window, it's warm in here", "that's not what I meant at all",
    "we met on holiday three years ago", "he plays the piano every evening",
    "somebody left the gate open", "the doctor said I should rest",
    "two coffees and a piece of cake please", "I forgot my umbrella on the bus",
    "the weather has been strange this summer", "are you coming with us tomorrow",
    "she reads to them before they go to bed", "it smells like something is burning",
    "I'd rather stay at home tonight", "the meeting was moved to Thursday",
    "do you remember the name of that restaurant", "we need more time to decide",
    "the football match ended in a draw", "please take your shoes off at the door",
    "my grandfather built this table himself", "the lift is out of order again",
    "they are getting married in September", "I saw him at the market on Saturday",
    "you can leave it there for now", "nobody told me about the change",
    "it was cheaper than I expected", "the baby has just learned to walk",
    "I'm looking for a pair of black shoes", "turn the music down, I'm on the phone",
    "he asked me the same question twice", "the river was frozen last winter",
    "what are you laughing about", "my car is being repaired this week",
    "I like the blue one better than the green one", "that sounds like a good idea to me",
    "they said on the radio that the road is closed", "we have to get up early tomorrow",
    "is there any bread left", "the lesson starts at a quarter past nine",
    "I haven't heard from them in a while", "it's been a long day, hasn't it",
    "would you like some more tea", "the cat is sleeping on your jacket",
    "there were hundreds of people in the square", "he never writes, he only calls",
    "I'm going to the supermarket, do you need anything", "they grow their own vegetables",
    "she speaks four languages", "wait for me, I'm nearly ready",
    "the flight leaves at half past five", "let me know when you get there",
    "we used to live near the sea", "it doesn't matter, we'll find another one",
    "once upon a time there was a king who had three daughters",
    "in other news the government has announced a new plan",
    "and now the weather for the rest of the week",
    "the committee will vote on the proposal on Wednesday",
    "scientists have found water under the surface", "prices rose by three percent last month",
    "the museum is open every day except Monday", "our next guest wrote a book about bees",
    "coming up after the break, more music", "the home team leads by two goals",
)  # fmt: skip

# Around a near miss, so that it also stands inside a sentence.
FRAMES = (
    "{miss}", "{miss}", "{miss}", "{miss}", "{miss} {command}", "{miss} {command}",
    "the {miss}", "it was {miss}", "and {miss}", "I think {miss} is fine", "{miss} please",
    "so {miss}", "what about {miss}", "they said {miss} yesterday", "no, {miss}",
)  # fmt: skip

# The wake word's own parts, and other assistants' words.
PARTIALS: dict[str, tuple[str, ...]] = {
    "alexa": ("a lex", "alex", "lexa", "alec", "exa", "a"),
    "computer": ("com", "compu", "puter", "pewter", "comp", "computed"),
    "amazon": ("ama", "amaz", "zone", "mason", "am", "amaze"),
    "echo": ("ek", "co", "go", "eck", "oh"),
    "hey_samuel": ("hey", "samuel", "sam", "hey sam", "hey you", "hello samuel"),
    "hey_jarvis": ("hey", "jarvis", "hey jar", "hey you", "jar", "hello jarvis"),
    "okay_nabu": ("ok", "okay", "nabu", "okay now", "okay na", "boo"),
}
OTHER_WORDS = (
    "hey siri", "okay google", "hey google", "hey mycroft", "hey cortana", "hey bixby", "jarvis",
    "snowboy", "bumblebee", "hey robot", "hey rhasspy", "ziggy", "hey buddy", "okay house",
)  # fmt: skip

NEAR_MISSES: dict[str, tuple[str, ...]] = {
    "alexa": (
        "a lexus", "alexander", "electra", "alexis", "alexandra", "alexei", "election", "elixir",
        "a lecture", "a letter", "relax a", "next uh", "allergic", "a lesson", "unless a",
        "molecular", "Texas a", "flex a", "checks a", "elect a", "a lexicon", "reflex", "eleven",
        "alaska", "galaxy", "Dallas Texas", "a lever", "alec said", "a legend", "ask her",
        "annexa", "electric", "a luxury", "a lesser", "perplexed", "Lex Luthor", "I'll ask a",
        "vortexa", "Alexandria", "collects a", "selects a", "complex a", "a leg so", "I like it so",
    ),
    "computer": (
        "commuter", "compute", "computing", "computation", "competitor", "compete", "company",
        "complete", "come here", "come to her", "pewter", "confuser", "consumer", "composer",
        "recruiter", "tutor", "router", "scooter", "shooter", "come put her", "disputer",
        "compared to", "compiler", "competent", "commander", "compost", "kung fu", "jupiter",
        "can do it", "comfort her", "suitor", "the cuter one", "neuter", "compote",
        "committed to her", "compete here", "complete her", "convert her", "can shoot her",
        "contributor", "compositor", "commute", "some future", "come sit here", "polluter",
    ),
    "amazon": (
        "amazing", "amazonian", "a mason", "amazed", "amass on", "a mess on", "Madison", "Damascus",
        "am on", "Ramadan", "a maze", "a mansion", "emission", "omission", "Hamilton", "Emerson",
        "Anderson", "the marathon", "comparison", "American", "salmon", "imagine", "Addison",
        "Jamison", "amusing", "a museum", "amazingly", "armour on", "camera on", "hammers on",
        "stamina", "ham is on", "a missing", "Amerson", "Tamsin", "abandon", "grammar's on",
        "the horizon", "cinnamon", "a lesson", "Thomson", "Amherst", "jam is on",
    ),
    "echo": (
        "gecko", "echoes of", "eco", "ego", "deco", "ecology", "ekko's", "equal", "tech co",
        "pecking", "Becca", "decker", "lego", "hello", "cocoa", "taco", "psycho", "go", "Mexico",
        "recall", "wrecker", "echelon", "etc", "acorn", "record", "check oh", "tempo", "memo",
        "ecosystem", "economy", "special", "bellow", "eccles", "mackerel", "let go", "get going",
        "peccadillo", "Art Deco", "Greco", "Nikko", "arco", "elbow", "echoing", "speckled",
    ),
    "hey_samuel": (
        "hey sam", "hey sandra", "hey samantha", "hey manuel", "hey Daniel", "same as well",
        "hey some more", "they sample", "a sample", "hey Sammy", "hey salmon", "they sang well",
        "hey sandwich", "eighty samples", "say sam you will", "hey Emmanuel", "hey Saddle",
        "hey cinema", "hey angel", "hey Samson", "hey family", "samurai", "hey annual",
        "hey simmer", "pay Samuel's", "hey camel", "a manual", "hey all", "hey summer",
        "they saw you all", "hey seminar", "may some you all", "hey Stanley", "hey Sally",
        "the same mule", "hey symbol", "hey smell", "play some mule", "hey gradual",
    ),
    "hey_jarvis": (
        "hey jarred", "hey Travis", "hey service", "hey Jarrod", "hey harvest", "hey jars",
        "hey Charles", "hey Davis", "hey carve this", "hey Marvin", "hey Jervis", "hey John",
        "hey Java", "a jar of this", "hey jar is", "hey harvest", "hey Carl", "day job is",
        "they jar this", "hey joyous", "hey novice", "hey Jasmine", "hey artist", "hey Avis",
        "hey starve us", "hey Jarvie", "say Travis", "hey Purvis", "hey job is", "hey Elvis",
        "hey Jonas", "hey Doris", "hey office", "hey drive us", "pay service", "may charge us",
        "hey garbage", "hey Chavez", "hey large is", "hey Jack",
    ),
    "okay_nabu": (
        "okay nah", "ok nabob", "okay now", "okay bamboo", "okay Abu", "okay, not you",
        "okay nibble", "okay now do", "okay you", "okay neighbour", "okay taboo", "okay Naboo's",
        "okay nearby", "okay, napping", "okay boo", "okay baboon", "OK no but", "okay nobody",
        "okay number", "okay Nathan", "okay maybe", "okay Malibu", "okay, not blue", "okay tattoo",
        "okay Nemo", "okay noodle", "okay knock you", "okay apple", "okay nephew", "okay new",
        "okay menu", "okay can you", "okay map you", "okay nappy", "okay narrow", "a caribou",
        "hockey nabs you", "okay, and a boo", "okay canoe", "okay Nancy",
    ),
}  # fmt: skip
