"""flash-sinkhorn, torch and Triton on NVIDIA GPUs: ``pip install flash-sinkhorn``.

Asked for the cost ``‖x - y‖²`` and full precision (its default is TF32, which rounds the coordinates), it has our convention.
"""

from benchmarks.peers.prepared import Builder, Prepared, package, torch_step
from benchmarks.problems import Problem


def _sinkhorn(problem: Problem) -> Prepared:
    loss = package("flash_sinkhorn").SamplesLoss(
        "sinkhorn",
        blur=problem.parameters["epsilon"] ** 0.5,
        eps=problem.parameters["epsilon"],
        n_iters=2000,
        use_epsilon_scaling=False,
        threshold=problem.parameters["tolerance"],
        debias=True,
        allow_tf32=False,
    )
    return torch_step(loss, problem)


STEPS: dict[str, Builder] = {"sinkhorn": _sinkhorn}
