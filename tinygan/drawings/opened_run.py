"""A run that is being looked at: its settings, its model, and the images it trained on."""

import functools
from dataclasses import replace
from pathlib import Path

from tinygan import data, recipes
from tinygan.cli import next_line
from tinygan.errors import UserError
from tinygan.recipes import trained_model
from tinygan.recipes.settings import settings
from tinygan.runs import training_data
from tinygan.runs.config import read_config


class OpenedRun:
    """A run folder. Its checkpoint and its data are read when they are first asked for.

    folder: its path. xp: the array module of the model. data_dir: where the data is; None looks
    where the run found it. weights: as for trained_model.load.
    config: config.json as a dict. recipe: the Recipe.
    Raises UserError for a folder that holds no run; so do the properties, for a checkpoint or data
    that is missing, damaged, or not what the run began with.
    """

    def __init__(self, folder, xp, data_dir=None, weights=None):
        self.folder, self.xp, self.data_dir = Path(folder), xp, data_dir
        self.weights = weights
        self.config = read_config(folder)
        self.recipe = recipes.get(self.config["recipe"])

    @functools.cached_property
    def settings(self):
        """The Settings of the run, with this data_dir."""
        asked = {"data_dir": self.data_dir}
        found = settings(asked, self.recipe, self.config, self.folder)
        return replace(found, data=self.config["trained_on"]["name"])

    @functools.cached_property
    def model(self):
        """The Model with the weights of its checkpoint."""
        shape = self._data.images.shape[1:] if self.recipe.image_shape is None else None
        return trained_model.load(self.folder, self.xp, shape, self.weights)

    def words(self, command, *words):
        """A command on this run, of the weights that were asked for: [command, folder, …]."""
        weights = ["--weights", self.weights] if self.weights else []
        return [command, self.folder, *words, *weights]

    def next_line(self, what, command, *words):
        """cli.next_line of such a command."""
        return next_line(what, *self.words(command, *words))

    def trained_on(self):
        """(images uint8 (M, H, W, C), labels (M,)): those that the weights were trained with.

        What the run set aside (--limit, other classes, its validation part) is not among them.
        """
        limit, options = self.settings.limit, self.settings.options
        images, labels = self._data.images[:limit], self._data.labels[:limit]
        return self.recipe.split(images, labels, options, self.config["seed"]).train

    def test(self):
        """(images uint8 (L, H, W, C), labels (L,)): the data's test split, never trained on."""
        _ = self._data  # the training split is what proves that this is the run's data
        where = self.data_dir or self.config["data_dir"]
        found = data.load(self.settings.data, "test", where, self.config["background"])
        self._check_shape(found)
        return found.images, found.labels

    def class_text(self, label):
        """A label with the name of its class, where that is known: "0 T-shirt/top"."""
        names = data.class_names(self.config["trained_on"]["name"])
        return f"{label} {names[label]}" if label < len(names) else str(label)

    @functools.cached_property
    def _data(self):
        found = training_data.load(self.settings, self.config)
        self._check_shape(found)
        return found

    def _check_shape(self, dataset):
        if self.recipe.image_shape not in (None, dataset.images.shape[1:]):
            raise UserError(
                f"the images in {dataset.origin} have another size than those that "
                f"{self.recipe.name} draws"
            )
