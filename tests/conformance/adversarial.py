"""Rows of learned critics."""

from functools import partial

from igm_jax.objectives import f_gan, f_gan_value, gan, gan_value, wgan_gp, wgan_value
from tests.conformance.row import ADAM, CRITIC, CRITIC_ONLY, Row, of_critic

ROWS = {
    "gan": Row(gan(CRITIC, ADAM, r1=0.1), of_critic(gan_value), 3, 0.5, exceptions=CRITIC_ONLY),
    "wgan_gp": Row(wgan_gp(CRITIC, ADAM), of_critic(wgan_value), 3, 0.1, exceptions=CRITIC_ONLY),
    "f_gan": Row(
        f_gan("jensen_shannon", CRITIC, ADAM),
        of_critic(partial(f_gan_value, "jensen_shannon")),
        3,
        1.0,
        exceptions=CRITIC_ONLY,
    ),
}
