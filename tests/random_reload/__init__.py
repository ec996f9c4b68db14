"""Random tests of the reload engine: reload equals restart, for programs that nobody thought of.

    python -m tests.random_reload --edits 20000 --seed 1

Random projects are edited at random, as people edit them, well and badly. Each state goes through the engine, in one
interpreter, and through a cold start in a pristine process. After a good save both must look the same (`observe`: every
global of every module, what functions return, who holds which object); after a bad one nothing may have changed
(`snapshot`); and what certainly need not run again must not have run (`minimal`). A sequence that shows a fault is
shrunk and printed like a reload case, with what differs and what the engine says it did.

    world      a project as data                 cold      cold starts by fork
    generator  a random project                  live      a project under the engine
    items      its random statements             check     the two compared, step by step
    edits      random edits, and damage          run       plays projects
    known      differences not mended            shrink    small examples
"""
