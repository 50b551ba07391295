"""One 256 x 256 image, two threads: the shipped network (OpenVINO, torch) beside the paper's network in torch."""

import numpy as np
import pytest
import torch

from app.io.bundle import read_bundle
from models.network import DenseSegNet, NetworkConfig
from tests.benchmarks.paper_network import PaperNetwork

IMAGE = np.random.default_rng(0).standard_normal((1, 1, 256, 256)).astype(np.float32)


@pytest.fixture(scope="module", autouse=True)
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.benchmark(group="network, 2 threads")
def test_paper_network_torch(benchmark):
    net = PaperNetwork().eval()
    with torch.inference_mode():
        benchmark.pedantic(net, (torch.from_numpy(IMAGE),), rounds=8, warmup_rounds=2)


@pytest.mark.benchmark(group="network, 2 threads")
def test_shipped_network_torch(benchmark):
    net = DenseSegNet(NetworkConfig()).eval()
    with torch.inference_mode():
        benchmark.pedantic(net, (torch.from_numpy(IMAGE),), rounds=20, warmup_rounds=3)


@pytest.mark.benchmark(group="network, 2 threads")
def test_shipped_network_openvino(benchmark):
    import openvino

    bundle = read_bundle("chest")
    options = {"INFERENCE_NUM_THREADS": 2, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    compiled = openvino.Core().compile_model(str(bundle.folder / "network.xml"), "CPU", options)
    benchmark.pedantic(compiled, (IMAGE,), rounds=40, warmup_rounds=5)
