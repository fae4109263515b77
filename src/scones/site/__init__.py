"""The web site from outside: told where its API is, started here, packed and deployed to AWS.

    stack outputs ─▶ backend ─┬▶ serving     a child process on this machine
                              └▶ deployment  Elastic Beanstalk, from the zip of `bundle`

`scones.web` is the site itself; it needs Django, this package does not.
"""
