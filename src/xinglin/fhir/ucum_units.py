"""The units of UCUM, restated: code, whether metric prefixes apply, value, and the unit it is a multiple of.

Source: The Unified Code for Units of Measure (https://ucum.org), case-sensitive codes; constants after the SI of 2019.
Units on a scale of their own (logarithms, degrees that start elsewhere) stand in `SCALES` and `LOGARITHMIC`, arbitrary
units in `ARBITRARY`: a quantity in one of those compares only with its like.
"""

from fractions import Fraction
from typing import Final

PREFIXES: Final = {
    "Y": Fraction(10**24), "Z": Fraction(10**21), "E": Fraction(10**18), "P": Fraction(10**15), "T": Fraction(10**12),
    "G": Fraction(10**9), "M": Fraction(10**6), "k": Fraction(10**3), "h": Fraction(100), "da": Fraction(10),
    "d": Fraction(1, 10), "c": Fraction(1, 100), "m": Fraction(1, 10**3), "u": Fraction(1, 10**6),
    "n": Fraction(1, 10**9), "p": Fraction(1, 10**12), "f": Fraction(1, 10**15), "a": Fraction(1, 10**18),
    "z": Fraction(1, 10**21), "y": Fraction(1, 10**24),
    "Ki": Fraction(2**10), "Mi": Fraction(2**20), "Gi": Fraction(2**30), "Ti": Fraction(2**40),
}  # fmt: skip

BASE: Final = frozenset({"m", "s", "g", "rad", "K", "C", "cd"})

# Arbitrary units have no relation to any other unit. The second set takes metric prefixes.
ARBITRARY: Final = frozenset(
    {
        "[hp'_X]",
        "[hp'_C]",
        "[hp'_M]",
        "[hp'_Q]",
        "[kp'_X]",
        "[kp'_C]",
        "[kp'_M]",
        "[kp'_Q]",
        "[USP'U]",
        "[GPL'U]",
        "[MPL'U]",
        "[APL'U]",
        "[beth'U]",
        "[anti'Xa'U]",
        "[todd'U]",
        "[dye'U]",
        "[smgy'U]",
        "[bdsk'U]",
        "[ka'U]",
        "[knk'U]",
        "[mclg'U]",
        "[tb'U]",
        "[CCID_50]",
        "[TCID_50]",
        "[EID_50]",
        "[PFU]",
        "[FFU]",
        "[CFU]",
        "[IR]",
        "[BAU]",
        "[AU]",
        "[Amb'a'1'U]",
        "[PNU]",
        "[Lf]",
        "[D'ag'U]",
        "[FEU]",
        "[ELU]",
        "[EU]",
        "[arb'U]",
        "[hnsf'U]",
        "[m/s2/Hz^(1/2)]",
        "bit_s",
        "[RFU]",
    }
)
ARBITRARY_METRIC: Final = frozenset({"[iU]"})

# Logarithms and other special functions: kept as they are.
LOGARITHMIC: Final = frozenset(
    {
        "Np",
        "B",
        "B[SPL]",
        "B[V]",
        "B[mV]",
        "B[uV]",
        "B[10.nV]",
        "B[W]",
        "B[kW]",
        "[pH]",
        "[p'diop]",
        "%[slope]",
        "[hp_X]",
        "[hp_C]",
        "[hp_M]",
        "[hp_Q]",
    }
)
LOGARITHMIC_METRIC: Final = frozenset({"Np", "B", "B[SPL]", "B[V]", "B[mV]", "B[uV]", "B[10.nV]", "B[W]", "B[kW]"})

# Temperatures that start elsewhere: kelvin = (value + offset) * factor.
SCALES: Final = {
    "Cel": (Fraction(27315, 100), Fraction(1)),
    "[degF]": (Fraction(45967, 100), Fraction(5, 9)),
    "[degRe]": (Fraction(27315, 125), Fraction(5, 4)),
}

_TABLE: Final = """
10* . 10 1
10^ . 10 1
[pi] . 3.1415926535897932384626433832795028841971 1
% . 1 10*-2
[ppth] . 1 10*-3
[ppm] . 1 10*-6
[ppb] . 1 10*-9
[pptr] . 1 10*-12
mol m 6.02214076 10*23
sr m 1 rad2
Hz m 1 s-1
N m 1 kg.m/s2
Pa m 1 N/m2
J m 1 N.m
W m 1 J/s
A m 1 C/s
V m 1 J/C
F m 1 C/V
Ohm m 1 V/A
S m 1 Ohm-1
Wb m 1 V.s
T m 1 Wb/m2
H m 1 Wb/A
lm m 1 cd.sr
lx m 1 lm/m2
Bq m 1 s-1
Gy m 1 J/kg
Sv m 1 J/kg
gon . 0.9 deg
deg . 2 [pi].rad/360
' . 1 deg/60
'' . 1 '/60
l m 1 dm3
L m 1 l
ar m 100 m2
min . 60 s
h . 60 min
d . 24 h
a_t . 365.24219 d
a_j . 365.25 d
a_g . 365.2425 d
a . 1 a_j
wk . 7 d
mo_s . 29.53059 d
mo_j . 1 a_j/12
mo_g . 1 a_g/12
mo . 1 mo_j
t m 1000 kg
bar m 100000 Pa
u m 1.66053906660e-24 g
eV m 1.602176634e-19 J
AU . 149597.870691 Mm
pc m 3.085678e16 m
[c] m 299792458 m/s
[h] m 6.62607015e-34 J.s
[k] m 1.380649e-23 J/K
[eps_0] m 8.854187817e-12 F/m
[mu_0] m 4 [pi].10*-7.N/A2
[e] m 1.602176634e-19 C
[m_e] m 9.1093837015e-28 g
[m_p] m 1.67262192369e-24 g
[G] m 6.67430e-11 m3.kg-1.s-2
[g] m 9.80665 m/s2
atm . 101325 Pa
[ly] m 1 [c].a_j
gf m 1 g.[g]
[lbf_av] . 1 [lb_av].[g]
Ky m 1 cm-1
Gal m 1 cm/s2
dyn m 1 g.cm/s2
erg m 1 dyn.cm
P m 1 dyn.s/cm2
Bi m 10 A
St m 1 cm2/s
Mx m 1e-8 Wb
G m 1e-4 T
Oe m 250 /[pi].A/m
Gb m 1 Oe.cm
sb m 1 cd/cm2
Lmb m 1 cd/cm2/[pi]
ph m 1e-4 lx
Ci m 3.7e10 Bq
R m 2.58e-4 C/kg
RAD m 100 erg/g
REM m 1 RAD
[in_i] . 2.54 cm
[ft_i] . 12 [in_i]
[yd_i] . 3 [ft_i]
[mi_i] . 5280 [ft_i]
[fth_i] . 6 [ft_i]
[nmi_i] . 1852 m
[kn_i] . 1 [nmi_i]/h
[sin_i] . 1 [in_i]2
[sft_i] . 1 [ft_i]2
[syd_i] . 1 [yd_i]2
[cin_i] . 1 [in_i]3
[cft_i] . 1 [ft_i]3
[cyd_i] . 1 [yd_i]3
[bf_i] . 144 [in_i]3
[cr_i] . 128 [ft_i]3
[mil_i] . 0.001 [in_i]
[cml_i] . 1 [pi]/4.[mil_i]2
[hd_i] . 4 [in_i]
[ft_us] . 1200 m/3937
[yd_us] . 3 [ft_us]
[in_us] . 1 [ft_us]/12
[rd_us] . 16.5 [ft_us]
[ch_us] . 4 [rd_us]
[lk_us] . 1 [ch_us]/100
[rch_us] . 100 [ft_us]
[rlk_us] . 1 [rch_us]/100
[fth_us] . 6 [ft_us]
[fur_us] . 40 [rd_us]
[mi_us] . 8 [fur_us]
[acr_us] . 160 [rd_us]2
[srd_us] . 1 [rd_us]2
[smi_us] . 1 [mi_us]2
[sct] . 1 [mi_us]2
[twp] . 36 [sct]
[mil_us] . 0.001 [in_us]
[in_br] . 2.539998 cm
[ft_br] . 12 [in_br]
[rd_br] . 16.5 [ft_br]
[ch_br] . 4 [rd_br]
[lk_br] . 1 [ch_br]/100
[fth_br] . 6 [ft_br]
[pc_br] . 2.5 [ft_br]
[yd_br] . 3 [ft_br]
[mi_br] . 5280 [ft_br]
[nmi_br] . 6080 [ft_br]
[kn_br] . 1 [nmi_br]/h
[acr_br] . 4840 [yd_br]2
[gal_us] . 231 [in_i]3
[bbl_us] . 42 [gal_us]
[qt_us] . 1 [gal_us]/4
[pt_us] . 1 [qt_us]/2
[gil_us] . 1 [pt_us]/4
[foz_us] . 1 [gil_us]/4
[fdr_us] . 1 [foz_us]/8
[min_us] . 1 [fdr_us]/60
[crd_us] . 128 [ft_i]3
[bu_us] . 2150.42 [in_i]3
[gal_wi] . 1 [bu_us]/8
[pk_us] . 1 [bu_us]/4
[dqt_us] . 1 [pk_us]/8
[dpt_us] . 1 [dqt_us]/2
[tbs_us] . 1 [foz_us]/2
[tsp_us] . 1 [tbs_us]/3
[cup_us] . 16 [tbs_us]
[foz_m] . 30 mL
[cup_m] . 240 mL
[tsp_m] . 5 mL
[tbs_m] . 15 mL
[gal_br] . 4.54609 l
[pk_br] . 2 [gal_br]
[bu_br] . 4 [pk_br]
[qt_br] . 1 [gal_br]/4
[pt_br] . 1 [qt_br]/2
[gil_br] . 1 [pt_br]/4
[foz_br] . 1 [gil_br]/5
[fdr_br] . 1 [foz_br]/8
[min_br] . 1 [fdr_br]/60
[gr] . 64.79891 mg
[lb_av] . 7000 [gr]
[oz_av] . 1 [lb_av]/16
[dr_av] . 1 [oz_av]/16
[scwt_av] . 100 [lb_av]
[lcwt_av] . 112 [lb_av]
[ston_av] . 20 [scwt_av]
[lton_av] . 20 [lcwt_av]
[stone_av] . 14 [lb_av]
[pwt_tr] . 24 [gr]
[oz_tr] . 20 [pwt_tr]
[lb_tr] . 12 [oz_tr]
[sc_ap] . 20 [gr]
[dr_ap] . 3 [sc_ap]
[oz_ap] . 8 [dr_ap]
[lb_ap] . 12 [oz_ap]
[oz_m] . 28 g
[lne] . 1 [in_i]/12
[pnt] . 1 [lne]/6
[pca] . 12 [pnt]
[pnt_pr] . 0.013837 [in_i]
[pca_pr] . 12 [pnt_pr]
[pied] . 32.48 cm
[pouce] . 1 [pied]/12
[ligne] . 1 [pouce]/12
[didot] . 1 [ligne]/6
[cicero] . 12 [didot]
[degR] . 5 K/9
cal_[15] m 4.18580 J
cal_[20] m 4.18190 J
cal_m m 4.19002 J
cal_IT m 4.1868 J
cal_th m 4.184 J
cal m 1 cal_th
[Cal] . 1 kcal_th
[Btu_39] . 1.05967 kJ
[Btu_59] . 1.05480 kJ
[Btu_60] . 1.05468 kJ
[Btu_m] . 1.05587 kJ
[Btu_IT] . 1.05505585262 kJ
[Btu_th] . 1.054350 kJ
[Btu] . 1 [Btu_th]
[HP] . 550 [ft_i].[lbf_av]/s
tex m 1 g/km
[den] . 1 g/9/km
m[H2O] m 9.80665 kPa
m[Hg] m 133.3220 kPa
[in_i'H2O] . 1 m[H2O].[in_i]/m
[in_i'Hg] . 1 m[Hg].[in_i]/m
[PRU] . 1 mm[Hg].s/ml
[wood'U] . 1 mm[Hg].min/L
[diop] . 1 /m
[mesh_i] . 1 /[in_i]
[Ch] . 1 mm/3
[drp] . 1 ml/20
[MET] . 3.5 mL/min/kg
att . 1 kgf/cm2
[psi] . 1 [lbf_av]/[in_i]2
mho m 1 S
st m 1 m3
Ao . 0.1 nm
b . 100 fm2
circ . 2 [pi].rad
sph . 4 [pi].sr
[car_m] . 0.2 g
[car_Au] . 1 /24
[smoot] . 67 [in_i]
kat m 1 mol/s
U m 1 umol/min
[IU] m 1 [iU]
osm m 1 mol
eq m 1 mol
g% m 1 g/dl
[S] . 1 10*-13.s
[HPF] . 1 1
[LPF] . 100 1
bit m 1 1
By m 8 bit
Bd m 1 /s
"""

# code -> (metric, factor, unit)
UNITS: Final[dict[str, tuple[bool, Fraction, str]]] = {
    code: (metric == "m", Fraction(value), unit)
    for code, metric, value, unit in (line.split(" ") for line in _TABLE.strip().splitlines())
}
