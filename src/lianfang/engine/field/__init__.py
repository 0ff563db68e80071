"""What a device decides by itself: codes, presence, changed statuses, gates, tubes. Each has a twin in JavaScript.

Pure: keys, the moment and randomness are arguments. Moments are whole seconds since 1970, bytes in JSON hexadecimal.
``vectors/*.json`` hold what Python and ``interfaces/field/app/js/rules/*.js`` must both answer.
"""
