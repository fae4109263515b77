"""The hyperparameters of the built-in algorithm, as data, and three of our own.

A default of None leaves the choice to the recipe. Those that this version cannot act on are
declared too, so that they are refused by name instead of being ignored.

Source: docs.aws.amazon.com/sagemaker/latest/dg/IC-Hyperparameter.html
"""

from scones_algorithms.declaration import (
    Hyperparameter,
    boolean,
    choice,
    choice_of_integers,
    flag,
    image_shape,
    integer,
    number,
    rising_integers,
)

CIFAR_DEPTHS = (20, 32, 44, 56, 110)
IMAGENET_DEPTHS = (18, 34, 50, 101, 152, 200)
CHANNELS = 3

HYPERPARAMETERS = (
    Hyperparameter("num_classes", integer(1), required=True),
    Hyperparameter("num_training_samples", integer(1), required=True),
    Hyperparameter("augmentation_type", choice("crop", "crop_color", "crop_color_transform")),
    Hyperparameter("beta_1", number(0, 1), 0.9, note="adam"),
    Hyperparameter("beta_2", number(0, 1), 0.999, note="adam"),
    Hyperparameter("checkpoint_frequency", integer(1), note="also keep every such epoch"),
    Hyperparameter("early_stopping", boolean(), False),
    Hyperparameter("early_stopping_min_epochs", integer(1), 10),
    Hyperparameter("early_stopping_patience", integer(1), 5),
    Hyperparameter("early_stopping_tolerance", number(0, 1), 0.0),
    Hyperparameter("epochs", integer(1)),
    Hyperparameter("eps", number(0, 1), 1e-8, note="adam, rmsprop"),
    Hyperparameter("gamma", number(0, 1), 0.9, note="rmsprop"),
    Hyperparameter("image_shape", image_shape(CHANNELS), (CHANNELS, 224, 224)),
    Hyperparameter("kv_store", choice("dist_sync", "dist_async"), note="several hosts"),
    Hyperparameter("learning_rate", number(0, 1, above=True)),
    Hyperparameter("lr_scheduler_factor", number(0, 1), 0.1, note="with lr_scheduler_step"),
    Hyperparameter("lr_scheduler_step", rising_integers(1), note="replaces the recipe's schedule"),
    Hyperparameter("mini_batch_size", integer(1)),
    Hyperparameter("momentum", number(0, 1), note="sgd, nag"),
    Hyperparameter("multi_label", flag(), False),
    Hyperparameter("num_layers", choice_of_integers(*CIFAR_DEPTHS, *IMAGENET_DEPTHS)),
    Hyperparameter("optimizer", choice("sgd", "nag", "adam", "rmsprop")),
    Hyperparameter(
        "precision_dtype", choice("float32", "float16"), "float32", note="float32 on a CPU"
    ),
    Hyperparameter("resize", integer(1), note="shorter side of a training image, in pixels"),
    Hyperparameter("top_k", integer(2)),
    Hyperparameter("use_pretrained_model", flag(), False, note="num_layers: channel pretrained"),
    Hyperparameter("use_weighted_loss", flag(), False, note="multi_label only"),
    Hyperparameter("weight_decay", number(0, 1), note="sgd, nag"),
    # Ours.
    Hyperparameter(
        "recipe", choice("builtin", "modern", "pretrain"), note="builtin where num_layers is given"
    ),
    Hyperparameter(
        "network", choice("small", "wide", "resnet"), note="small where num_layers is not given"
    ),
    Hyperparameter("seed", integer(0), 0),
)
