"""Closed forms between two Gaussians against known numbers, and their derivatives against those by hand."""

import numpy as np
import pytest

from experiments.shared import gaussians
from experiments.shared.gaussians import setting_of


def test_closed_forms_agree_with_known_numbers():
    two = setting_of(2, 0.25, 8)._replace(bandwidth=1.0)
    # Independent numbers for N(a, I) and N(b, 0.49 I), |a - b|² = 0.75² + 1.75²: the energy distance by quadrature, here and
    # in units of the narrower one, as the data are the wider.
    r = np.hypot(0.75, 1.75)
    assert gaussians.energy(two, r, 0.7) == pytest.approx(1.6726524132998963, rel=1e-12)
    # In one dimension N(0.3, 0.8²) against N(-0.5, 1.3²), in units of 1.3.
    one = setting_of(1, 0.25, 8)._replace(bandwidth=1 / 1.3)
    assert gaussians.mmd2(one, 0.8 / 1.3, 0.8 / 1.3) == pytest.approx(0.14450990824373, rel=1e-10)
    assert 1.3 * gaussians.energy(one, 0.8 / 1.3, 0.8 / 1.3) == pytest.approx(0.39332281350059, rel=1e-10)


def test_sinkhorn_lies_between_the_means_and_wasserstein():
    narrow, wide = (setting_of(3, epsilon, 8) for epsilon in (1e-7, 1e5))
    assert gaussians.sinkhorn(narrow, 1.0, 0.8) == pytest.approx(gaussians.wasserstein(narrow, 1.0, 0.8), rel=1e-5)
    assert gaussians.sinkhorn(wide, 1.0, 0.8) == pytest.approx(1.0, rel=1e-4)
    assert gaussians.sinkhorn(setting_of(3, 0.1, 8), 0.0, 1.0) == pytest.approx(0.0, abs=1e-12)


def test_the_gradient_is_that_of_the_closed_form():
    # W2² = r² + d (1 - s)², sliced the same over d: derivatives 2r along the shift and -2d (1 - s) in s.
    setting = setting_of(3, 0.25, 8)
    np.testing.assert_allclose(
        gaussians.gradient(gaussians.wasserstein, setting, 0.7, 0.8), [1.4, 0, 0, -1.2], rtol=1e-8, atol=1e-9
    )
    slope = gaussians.gradient(gaussians.sliced, setting, 0.7, 0.8)
    np.testing.assert_allclose(slope, [1.4 / 3, 0, 0, -0.4], rtol=1e-8, atol=1e-9)
