"""Images are shrunk by the mean of areas, the same as arrays and as a symbol."""

import mxnet as mx
import numpy as np
import pytest

from scones_algorithms.image_classification.shrinking import Shrinking
from scones_algorithms.onnx_export import ExportError, export

RNG = np.random.default_rng(11)


def images(height: int, width: int) -> np.ndarray:
    return RNG.normal(0, 1, (2, 3, height, width)).astype(np.float32)


def shrunk(side: int, data: np.ndarray) -> np.ndarray:
    shrinking = Shrinking.to(side, *data.shape[2:])
    return np.asarray(shrinking.of_arrays(mx.nd.array(data)).asnumpy())


def test_half_the_side_is_the_mean_of_four_pixels() -> None:
    data = images(8, 8)
    four = data.reshape(2, 3, 4, 2, 4, 2)
    np.testing.assert_allclose(shrunk(4, data), four.mean(axis=(3, 5)), atol=1e-6)


def test_a_pixel_on_a_border_is_shared_by_both_sides() -> None:
    line = np.array([[[[3.0, 6.0, 9.0]]]], dtype=np.float32)
    found = Shrinking.to(2, 1, 3).of_arrays(mx.nd.array(line)).asnumpy()
    np.testing.assert_allclose(found, [[[[4.0, 8.0]]]], atol=1e-6)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (28, 28), (64, 64), (24, 40), (16, 33)])
def test_the_mean_of_an_image_stays_and_no_side_is_longer(height: int, width: int) -> None:
    data = images(height, width)
    found = shrunk(20, data)
    assert found.shape == (2, 3, min(height, 20), min(width, 20))
    np.testing.assert_allclose(found.mean(axis=(2, 3)), data.mean(axis=(2, 3)), atol=1e-6)
    np.testing.assert_allclose(shrunk(20, data[..., ::-1]), found[..., ::-1], atol=1e-6)


def test_an_image_that_is_small_already_is_not_changed() -> None:
    data = images(16, 20)
    np.testing.assert_array_equal(shrunk(20, data), data)


def test_a_symbol_shrinks_as_arrays_are_shrunk() -> None:
    data = images(24, 40)
    shrinking = Shrinking.to(20, 24, 40)
    symbol = shrinking.of_symbols(mx.sym.var("data"))
    executor = symbol.simple_bind(mx.cpu(), grad_req="null", data=data.shape)
    executor.copy_params_from({n: mx.nd.array(a) for n, a in shrinking.arrays().items()})
    executor.arg_dict["data"][:] = data
    np.testing.assert_array_equal(executor.forward()[0].asnumpy(), shrunk(20, data))


def test_a_product_of_other_things_than_a_matrix_has_no_translation() -> None:
    symbol = mx.sym.dot(mx.sym.var("data"), mx.sym.var("data"), name="strange", transpose_b=True)
    with pytest.raises(ExportError, match="strange is no product with a matrix"):
        export(symbol, {}, (4,))
