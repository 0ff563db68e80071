"""The web server's program: ``python -m lianfang.config.serving.web HOST PORT WORKERS FIELD_PORT``; see ``processes``.

Every process in which a file is read begins by importing this module again: it loads nothing by itself.
"""

if __name__ == "__main__":
    from lianfang.config.serving.processes import main

    main()
