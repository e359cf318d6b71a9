"""What surrounds a wake word, and speech that holds none."""

from __future__ import annotations

# What "hey computer turn on" has in front; a word of two already has its own.
CALLS = ("hey", "ok", "hi")

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

# For measuring; no training take says them.
HELD_OUT_CARRIERS = (
    "all set,",
    "quick question,",
    "morning,",
    "my turn,",
    "what about you,",
    "try again,",
    "actually",
)
HELD_OUT_MENTIONS = (
    "we got {word} for my parents", "the thing is called {word} I think",
    "last night {word} woke up for no reason", "a colleague of mine works on {word}",
    "there was an advert for {word} on the bus", "nobody here uses {word} any more",
    "my uncle calls {word} a waste of money", "you said {word} twice in that sentence",
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

OTHER_WORDS = (
    "hey siri", "okay google", "hey google", "hey mycroft", "hey cortana", "hey bixby", "jarvis",
    "snowboy", "bumblebee", "hey robot", "hey rhasspy", "ziggy", "hey buddy", "okay house",
)  # fmt: skip
